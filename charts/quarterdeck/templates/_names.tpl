{{- define "quarterdeck.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* A name of at most 52 characters, as the CronJob controller appends eleven: (dict "root" $ "name" NAME). */}}
{{- define "quarterdeck.name" -}}
{{- $whole := printf "%s-%s" (include "quarterdeck.fullname" .root) .name -}}
{{- if or (gt (len $whole) 52) (contains "_" $whole) -}}
{{- printf "%s-%s" ($whole | replace "_" "-" | trunc 43 | trimSuffix "-") (sha256sum $whole | trunc 8) -}}
{{- else -}}
{{- $whole -}}
{{- end -}}
{{- end -}}

{{- define "quarterdeck.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of an object: (dict "root" $ "component" NAME "labels" MORE). */}}
{{- define "quarterdeck.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" (.root.Chart.AppVersion | toString)
  "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- with .component }}{{ $_ := set $own "app.kubernetes.io/component" . }}{{ end -}}
{{- $own = mustMerge (include "quarterdeck.selector" .root | fromYaml) $own -}}
{{- mustMergeOverwrite (deepCopy .root.Values.commonLabels) (deepCopy (.labels | default dict)) $own | toYaml -}}
{{- end -}}

{{/* An object's metadata: (dict "root" $ "name" NAME "component" … "labels" … "annotations" … "namespace" …). */}}
{{- define "quarterdeck.metadata" -}}
name: {{ .name }}
{{- if not .clusterWide }}
namespace: {{ .namespace | default .root.Release.Namespace }}
{{- end }}
labels:
  {{- include "quarterdeck.labels" . | nindent 2 }}
{{- with mustMergeOverwrite (deepCopy .root.Values.commonAnnotations) (deepCopy (.annotations | default dict)) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "quarterdeck.image" -}}
{{- $image := .Values.image -}}
{{- $registry := dig "imageRegistry" "" (.Values.global | default dict) | default $image.registry -}}
{{- $repository := ternary (printf "%s/%s" ($registry | trimSuffix "/") $image.repository) $image.repository (ne $registry "") -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion $image.tag | toString) -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes' minor version as a number. */}}
{{- define "quarterdeck.kubeMinor" -}}
{{- regexFind "[0-9]+" .Capabilities.KubeVersion.Minor -}}
{{- end -}}

{{/* A length of time such as 1h30m in whole seconds. */}}
{{- define "quarterdeck.seconds" -}}
{{- $units := dict "s" 1 "m" 60 "h" 3600 "d" 86400 "w" 604800 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9]+([.][0-9]+)?[smhdw]" (toString .) -1 -}}
{{- $unit := regexFind "[smhdw]" . -}}
{{- $sum = addf $sum (mulf (trimSuffix $unit . | float64) (get $units $unit)) -}}
{{- end -}}
{{- int64 $sum -}}
{{- end -}}

{{/* A number that stays the same for the same text: (dict "text" TEXT). */}}
{{- define "quarterdeck.hash" -}}
{{- printf "0x%s" (sha256sum .text | trunc 8) | int64 -}}
{{- end -}}

{{/* A cron expression with each H replaced: (dict "root" $ "name" NAME "schedule" TEXT "where" PATH). */}}
{{- define "quarterdeck.schedule" -}}
{{- if contains "H" .schedule -}}
{{- $hash := include "quarterdeck.hash" (dict "text" (printf "%s/%s/%s" .root.Release.Namespace .root.Release.Name .name)) | int64 -}}
{{- $fields := splitList " " .schedule -}}
{{- $minute := include "quarterdeck.field" (dict "field" (index $fields 0) "size" 60 "hash" $hash "where" .where) -}}
{{- $hour := include "quarterdeck.field" (dict "field" (index $fields 1) "size" 24 "hash" (div $hash 60) "where" .where) -}}
{{- join " " (concat (list $minute $hour) (slice $fields 2)) -}}
{{- else -}}
{{- .schedule -}}
{{- end -}}
{{- end -}}

{{- define "quarterdeck.field" -}}
{{- if eq .field "H" -}}
{{- mod .hash .size -}}
{{- else if hasPrefix "H/" .field -}}
{{- $step := trimPrefix "H/" .field | int64 -}}
{{- if mod .size $step -}}
{{- fail (printf "%s: %s does not divide %d evenly; choose one that does, such as H/15" .where .field (int64 .size)) -}}
{{- end -}}
{{- printf "%d-%d/%d" (mod .hash $step) (sub .size 1) $step -}}
{{- else -}}
{{- .field -}}
{{- end -}}
{{- end -}}

{{/* The seconds between two runs of a schedule; nothing where it does not tell. */}}
{{- define "quarterdeck.interval" -}}
{{- $named := dict "@hourly" 3600 "@daily" 86400 "@midnight" 86400 "@weekly" 604800 -}}
{{- $step := "^([*H]|[0-9]+(-(59|23))?)/[0-9]+$" -}}
{{- $one := "^(H|[0-9]+)$" -}}
{{- $fields := splitList " " . -}}
{{- if hasKey $named . -}}
{{- get $named . -}}
{{- else if eq (len $fields) 5 -}}
{{- $minute := index $fields 0 -}}{{- $hour := index $fields 1 -}}{{- $weekday := index $fields 4 -}}
{{- if eq (join " " (slice $fields 2 4)) "* *" -}}
{{- if and (regexMatch $step $minute) (eq $hour "*") (eq $weekday "*") -}}
{{- mul 60 (regexFind "[0-9]+$" $minute | int64) -}}
{{- else if and (eq $minute "*") (eq $hour "*") (eq $weekday "*") -}}
60
{{- else if and (regexMatch $one $minute) (eq $hour "*") (eq $weekday "*") -}}
3600
{{- else if and (regexMatch $one $minute) (regexMatch $step $hour) (eq $weekday "*") -}}
{{- mul 3600 (regexFind "[0-9]+$" $hour | int64) -}}
{{- else if and (regexMatch $one $minute) (regexMatch $one $hour) (eq $weekday "*") -}}
86400
{{- else if and (regexMatch $one $minute) (regexMatch $one $hour) (regexMatch "^[0-7]$" $weekday) -}}
604800
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
