{{/* Metadata and spec of a Pod: (dict "root" $ "collector" COLLECTOR "args" LIST "config" FILE "ledger" BOOL). */}}
{{- define "quarterdeck.podTemplate" -}}
{{- $spec := .collector.spec -}}
metadata:
  labels:
    {{- $labels := mustMergeOverwrite (deepCopy $spec.labels) (deepCopy $spec.podLabels) }}
    {{- include "quarterdeck.labels" (dict "root" .root "component" .collector.name "labels" $labels) | nindent 4 }}
  {{- with mustMergeOverwrite (deepCopy .root.Values.commonAnnotations) (deepCopy $spec.podAnnotations) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "quarterdeck.podSpec" . | nindent 2 }}
{{- end -}}

{{- define "quarterdeck.podSpec" -}}
{{- $c := .collector -}}
{{- $spec := $c.spec -}}
restartPolicy: Never
terminationGracePeriodSeconds: {{ int64 $spec.terminationGracePeriodSeconds }}
serviceAccountName: {{ $spec.serviceAccount.name | default $c.resource }}
automountServiceAccountToken: {{ gt (len $c.rules) 0 }}
enableServiceLinks: false
{{- with $spec.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $pull := concat .root.Values.image.pullSecrets (dig "imagePullSecrets" list (.root.Values.global | default dict)) }}
{{- with $pull }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
  {{- end }}
{{- end }}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with get $spec $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- if $c.clones }}
initContainers:
  - {{ include "quarterdeck.cloneContainer" . | indent 4 | trim }}
{{- end }}
containers:
  - name: collect
    {{- include "quarterdeck.runs" (dict "root" .root "spec" $spec "resources" $spec.resources) | nindent 4 }}
    args:
      {{- toYaml .args | nindent 6 }}
    env:
      {{- include "quarterdeck.env" (dict "root" .root "collector" $c "env" $spec.env "config" .config) | nindent 6 }}
    {{- with $spec.envFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
      {{- include "quarterdeck.mounts" . | nindent 6 }}
      {{- if .ledger }}
      - name: ledger
        mountPath: /var/lib/quarterdeck/ledger
      {{- end }}
      {{- if $c.clones }}
      - name: clones
        mountPath: /var/lib/quarterdeck/clones
        readOnly: true
      {{- end }}
      {{- with $spec.volumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  {{- include "quarterdeck.volumes" . | nindent 2 }}
  {{- if .ledger }}
  - name: ledger
    persistentVolumeClaim:
      claimName: {{ $c.resource }}-ledger
  {{- end }}
  {{- if $c.clones }}
  - name: clones
    {{- if $spec.clone.pvc.enabled }}
    persistentVolumeClaim:
      claimName: {{ $c.resource }}-clones
    {{- else }}
    emptyDir:
      sizeLimit: {{ $spec.clone.pvc.size }}
    {{- end }}
  {{- end }}
  {{- with $spec.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "quarterdeck.runs" -}}
image: {{ include "quarterdeck.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- toYaml .spec.securityContext | nindent 2 }}
resources:
  {{- toYaml .resources | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end -}}

{{- define "quarterdeck.env" -}}
- name: HOME
  value: /tmp
- name: QUARTERDECK_CONFIG
  value: /etc/quarterdeck/{{ .config | default "quarterdeck.yaml" }}
{{- if and (eq (include "quarterdeck.secretMode" .root) "aws") .collector.keys }}
{{- with .root.Values.secrets.aws.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := .env }}
- name: {{ $name }}
  {{- if kindIs "map" $value }}
  {{- toYaml $value | nindent 2 }}
  {{- else }}
  value: {{ $value | toString | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "quarterdeck.mounts" -}}
- name: settings
  mountPath: /etc/quarterdeck
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- if and .collector.keys (ne (include "quarterdeck.secretMode" .root) "aws") }}
- name: secrets
  mountPath: /run/quarterdeck/secrets
  readOnly: true
{{- end }}
{{- end -}}

{{- define "quarterdeck.volumes" -}}
{{- $mode := include "quarterdeck.secretMode" .root -}}
- name: settings
  configMap:
    name: {{ .collector.resource }}
    defaultMode: 0555
- name: tmp
  emptyDir:
    sizeLimit: {{ .collector.spec.tmpSize }}
{{- if .collector.keys }}
{{- if eq $mode "csi" }}
- name: secrets
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes:
      secretProviderClass: {{ include "quarterdeck.secretProviderClass" .root }}
{{- else if ne $mode "aws" }}
- name: secrets
  secret:
    secretName: {{ include "quarterdeck.secretName" .root }}
    defaultMode: 0440
    items:
      {{- range .collector.keys }}
      - key: {{ . }}
        path: {{ . }}
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Clones what is not there, fetches what is; see scripts/clone.sh. */}}
{{- define "quarterdeck.cloneContainer" -}}
{{- $c := .collector -}}
{{- $clone := $c.spec.clone -}}
name: clone
{{ include "quarterdeck.runs" (dict "root" .root "spec" $c.spec "resources" $clone.resources) }}
command: [/bin/sh, /etc/quarterdeck/clone.sh]
env:
  - name: CLONES
    value: /var/lib/quarterdeck/clones
  - name: CLONE_LIST
    value: /etc/quarterdeck/clones
  - name: CLONE_SECONDS
    value: {{ int64 $c.clone | quote }}
  {{- with $c.cloneToken }}
  - name: CLONE_USERNAME
    value: {{ $clone.username | quote }}
  - name: CLONE_TOKEN
    value: {{ . | quote }}
  - name: GIT_ASKPASS
    value: /etc/quarterdeck/askpass.py
  {{- end }}
  {{- include "quarterdeck.env" (dict "root" .root "collector" $c "env" (mustMergeOverwrite (deepCopy $c.spec.env) (deepCopy $clone.env))) | nindent 2 }}
{{- with $c.spec.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  {{- include "quarterdeck.mounts" . | nindent 2 }}
  - name: clones
    mountPath: /var/lib/quarterdeck/clones
{{- end -}}

{{/* A Job's spec but its Pod: (dict "root" $ "collector" COLLECTOR). One Pod for each shard; exit codes 2 and 3 end it. */}}
{{- define "quarterdeck.jobSpec" -}}
{{- $c := .collector -}}
{{- $shards := int64 $c.spec.shards -}}
{{- $perIndex := and (gt $shards 1) (ge (include "quarterdeck.kubeMinor" .root | int) 29) -}}
activeDeadlineSeconds: {{ int64 $c.active }}
ttlSecondsAfterFinished: {{ int64 $c.spec.ttlSecondsAfterFinished }}
{{- if gt $shards 1 }}
completionMode: Indexed
completions: {{ $shards }}
parallelism: {{ $shards }}
{{- end }}
{{- if $perIndex }}
backoffLimitPerIndex: {{ int64 $c.spec.retries }}
{{- else }}
backoffLimit: {{ mul $shards (int64 $c.spec.retries) }}
{{- end }}
podFailurePolicy:
  rules:
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    - action: {{ ternary "FailIndex" "FailJob" $perIndex }}
      {{- if lt (include "quarterdeck.kubeMinor" .root | int) 29 }}
      {{- /* The published schema of older versions wants it; the server does not. */}}
      onPodConditions: []
      {{- end }}
      onExitCodes:
        containerName: collect
        operator: In
        {{- /* One shard's deadline must not end the others. */}}
        values: {{ ternary "[2]" "[2, 3]" (and (gt $shards 1) (not $perIndex)) }}
{{- end -}}
