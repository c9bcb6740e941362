{{/* The collectors that have a CronJob, as JSON: {"collectors": [{name, resource, type, spec, times …, settings, keys}]}. */}}
{{- define "quarterdeck.collectors" -}}
{{- $found := list -}}
{{- range $name := keys .Values.collectors | sortAlpha -}}
{{- $own := index $.Values.collectors $name -}}
{{- $spec := mustMergeOverwrite (deepCopy $.Values.collectorDefaults) (deepCopy ($own | default dict)) -}}
{{- if and (kindIs "map" $own) $spec.enabled -}}
{{- $found = append $found (include "quarterdeck.collector" (dict "root" $ "name" $name "spec" $spec) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- dict "collectors" $found | toJson -}}
{{- end -}}

{{- define "quarterdeck.collector" -}}
{{- $where := printf "collectors.%s" .name -}}
{{- $block := .spec.settings | default dict -}}
{{- $times := include "quarterdeck.times" (dict "spec" .spec "where" $where) | fromJson -}}
{{- $_ := include "quarterdeck.checks" (dict "root" .root "spec" .spec "where" $where) -}}
{{- $_ := include "quarterdeck.sources" (dict "spec" .spec "where" $where "type" ($block.type | default .name)) -}}
{{- $written := include "quarterdeck.written" (dict "root" .root "name" .name "spec" .spec "times" $times) | fromJson -}}
{{- mustMerge (dict
  "name" .name
  "resource" (include "quarterdeck.name" (dict "root" .root "name" .name))
  "type" ($block.type | default .name)
  "spec" (omit .spec "settings")
  "schedule" (include "quarterdeck.schedule" (dict "root" .root "name" .name "schedule" .spec.schedule "where" (printf "%s.schedule" $where)))
  "rules" (include "quarterdeck.rules" (dict "spec" .spec "type" ($block.type | default .name)) | fromJsonArray)
) $times $written | toJson -}}
{{- end -}}

{{/* Interval and deadlines in seconds, each below the next: the run's own, the Job's, the interval. */}}
{{- define "quarterdeck.times" -}}
{{- $given := .spec.interval | default "" -}}
{{- $interval := ternary (include "quarterdeck.seconds" $given) (include "quarterdeck.interval" .spec.schedule) (ne $given "") | int64 -}}
{{- if not $interval -}}
{{- fail (printf "%s.interval: the schedule %q does not tell how far apart two runs are; give it, such as 12h" .where .spec.schedule) -}}
{{- end -}}
{{- $clone := ternary (include "quarterdeck.seconds" .spec.clone.timeout | int64) 0 (gt (len .spec.clone.repositories) 0) -}}
{{- $deadline := max 0 (min 600 (sub (div (mul $interval 2) 3) $clone)) -}}
{{- with .spec.deadline }}{{ $deadline = include "quarterdeck.seconds" . | int64 }}{{ end -}}
{{- $active := min (div (mul $interval 9) 10) (add 180 (mul 2 (add $deadline $clone))) -}}
{{- with .spec.activeDeadlineSeconds }}{{ $active = int64 . }}{{ end -}}
{{- $starting := max 10 (min 300 (div $interval 2)) -}}
{{- with .spec.startingDeadlineSeconds }}{{ $starting = int64 . }}{{ end -}}
{{- if lt $deadline 30 -}}
{{- fail (printf "%s.deadline: %d s are left for a run; give it 30 s or more, or make clone.timeout shorter or the interval longer" .where $deadline) -}}
{{- end -}}
{{- if gt (add $deadline $clone 10) $active -}}
{{- fail (printf "%s.activeDeadlineSeconds: %d s is too short for deadline (%d s) and clone.timeout (%d s) and 10 s to start" .where $active $deadline $clone) -}}
{{- end -}}
{{- if ge $active $interval -}}
{{- fail (printf "%s.activeDeadlineSeconds: %d s must be below the %d s between two runs" .where $active $interval) -}}
{{- end -}}
{{- dict "interval" $interval "deadline" $deadline "active" $active "starting" $starting "clone" $clone | toJson -}}
{{- end -}}

{{/* What a schema cannot say. */}}
{{- define "quarterdeck.checks" -}}
{{- $shards := int64 .spec.shards -}}
{{- $mode := .spec.ledger.mode -}}
{{- if and (gt $shards 1) (eq $mode "pvc") -}}
{{- fail (printf "%s.ledger.mode: pvc is one file for one Pod, and there are %d shards; use postgresql or none" .where $shards) -}}
{{- end -}}
{{- if and (gt $shards 1) .spec.clone.repositories .spec.clone.pvc.enabled -}}
{{- fail (printf "%s.clone.pvc.enabled: one volume for one Pod, and there are %d shards; set it to false, or shards to 1" .where $shards) -}}
{{- end -}}
{{- if and (eq $mode "postgresql") (not .spec.ledger.postgresql.url) -}}
{{- fail (printf "%s.ledger.postgresql.url: give it, such as postgresql://quarterdeck@db/metrics" .where) -}}
{{- end -}}
{{- if and (not .spec.serviceAccount.create) (not .spec.serviceAccount.name) -}}
{{- fail (printf "%s.serviceAccount.name: name the one that exists, or let it be created" .where) -}}
{{- end -}}
{{- $env := .spec.env | default dict -}}
{{- $named := or (hasKey $env "PUSHGATEWAY_URL") (hasKey $env "DD_API_KEY") .spec.envFrom -}}
{{- $sinks := .root.Values.settings.sinks | default dict -}}
{{- if not (or $named (kindIs "map" $sinks.pushgateway) (kindIs "map" $sinks.datadog)) -}}
{{- fail (printf "settings.sinks: %s has nowhere to submit to; give settings.sinks.pushgateway or .datadog, or PUSHGATEWAY_URL or DD_API_KEY in %s.env" .where .where) -}}
{{- end -}}
{{- end -}}

{{/* What there is to look at: without it every run would end with exit code 1 or 2. */}}
{{- define "quarterdeck.sources" -}}
{{- $block := .spec.settings | default dict -}}
{{- if and (eq .type "git") (not $block.paths) (not .spec.clone.repositories) -}}
{{- fail (printf "%s.clone.repositories: name the repositories to look at, or give settings.paths, volumes and volumeMounts" .where) -}}
{{- end -}}
{{- if and (eq .type "github") (not $block.repositories) -}}
{{- fail (printf "%s.settings.repositories: name the repositories to look at, such as acme/*" .where) -}}
{{- end -}}
{{- $where := .where -}}
{{- range .spec.clone.repositories -}}
{{- if not (regexMatch "^https?://[^@]+$" .) -}}
{{- fail (printf "%s.clone.repositories: each must be an https address without a user name; clone.token is for a reference" $where) -}}
{{- end -}}
{{- end -}}
{{- if and .spec.clone.repositories (ne .type "git") -}}
{{- fail (printf "%s.clone.repositories: only the git collector looks at clones; this is %s" .where .type) -}}
{{- end -}}
{{- end -}}

{{/* The rights of a collector: those of its values, else those of its type. */}}
{{- define "quarterdeck.rules" -}}
{{- if .spec.rbac.rules -}}
{{- toJson .spec.rbac.rules -}}
{{- else if eq .type "tekton" -}}
{{- list (dict "apiGroups" (list "tekton.dev") "resources" (list "pipelineruns" "taskruns") "verbs" (list "get" "list")) | toJson -}}
{{- else -}}
[]
{{- end -}}
{{- end -}}
