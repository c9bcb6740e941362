{{/* What the Pods of prune Jobs are, in the form of a collector. */}}
{{- define "quarterdeck.pruner" -}}
{{- $spec := mustMergeOverwrite (deepCopy .Values.collectorDefaults) (dict
  "serviceAccount" (dict "create" true "name" "") "shards" 1 "retries" 3 "volumes" list "volumeMounts" list) -}}
{{- $_ := set $spec "resources" .Values.prune.resources -}}
{{- $prune := include "quarterdeck.prune" . | fromJson -}}
{{- $resource := include "quarterdeck.name" (dict "root" . "name" "sinks-prune") -}}
{{- $schedule := include "quarterdeck.schedule" (dict "root" . "name" "sinks-prune" "schedule" .Values.prune.schedule "where" "prune.schedule") -}}
{{- mustMerge (dict "name" "sinks-prune" "resource" $resource "spec" $spec "schedule" $schedule "rules" list "clones" list "active" 600) $prune | toJson -}}
{{- end -}}

{{/* Spec of a prune Job: (dict "root" $ "pruner" PRUNER "args" LIST "config" FILE). */}}
{{- define "quarterdeck.pruneJob" -}}
{{- $pod := dict "root" .root "collector" .pruner "args" .args "config" .config "ledger" false -}}
{{ include "quarterdeck.jobSpec" $pod }}
template:
  {{- include "quarterdeck.podTemplate" $pod | nindent 2 }}
{{- end -}}
