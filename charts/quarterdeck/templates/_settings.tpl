{{/* Which of the ways to secrets is used: existingSecret, externalSecret, aws, csi or nothing. */}}
{{- define "quarterdeck.secretMode" -}}
{{- $modes := list -}}
{{- range $mode, $given := .Values.secrets -}}
{{- if $given }}{{ $modes = append $modes $mode }}{{ end -}}
{{- end -}}
{{- if gt (len $modes) 1 -}}
{{- fail (printf "secrets: there are %s; keep one of them and set the others to null" (join " and " $modes)) -}}
{{- end -}}
{{- first $modes | default "" -}}
{{- end -}}

{{/* The Secret whose keys are mounted. */}}
{{- define "quarterdeck.secretName" -}}
{{- .Values.secrets.existingSecret | default (include "quarterdeck.name" (dict "root" . "name" "secrets")) -}}
{{- end -}}

{{- define "quarterdeck.secretProviderClass" -}}
{{- .Values.secrets.csi.secretProviderClass | default (include "quarterdeck.fullname" .) -}}
{{- end -}}

{{/* JSON with each "secret:KEY" replaced by the reference that the product reads: (dict "root" $ "json" TEXT "where" PATH). */}}
{{- define "quarterdeck.referred" -}}
{{- $mode := include "quarterdeck.secretMode" .root -}}
{{- include "quarterdeck.refuseSecrets" . -}}
{{- $found := regexFind "\"secret:[^\"]+\"" .json -}}
{{- if and $found (not $mode) -}}
{{- fail (printf "secrets: %s refers to %s; say where secrets come from: existingSecret, externalSecret, aws or csi" .where $found) -}}
{{- end -}}
{{- if eq $mode "aws" -}}
{{- regexReplaceAll "\"secret:([^\"]+)\"" .json (printf "\"aws:%s#${1}\"" .root.Values.secrets.aws.secret) -}}
{{- else -}}
{{- regexReplaceAll "\"secret:([^\"]+)\"" .json "\"file:/run/quarterdeck/secrets/${1}\"" -}}
{{- end -}}
{{- end -}}

{{/* Fails where a secret itself stands in the values. The schema leaves that to this, as Helm would print it. */}}
{{- define "quarterdeck.refuseSecrets" -}}
{{- range regexFindAll "\"(api_key|app_key|cloneToken|password|private_key|token)\":\"[^\"]+\"" .json -1 -}}
{{- if not (regexMatch ":\"(secret:[-._a-zA-Z0-9]+|env:[^\"]+|file:[^\"]+|aws:[^\"#]+#[^\"]+)\"$" .) -}}
{{- $key := regexFind "[a-zA-Z_]+" . | replace "cloneToken" "clone.token" -}}
{{- fail (printf "%s: %s must be a reference (secret:KEY, env:NAME, file:PATH or aws:SECRET#KEY), not the secret itself" $.where $key) -}}
{{- end -}}
{{- end -}}
{{- if or (regexMatch "\"https?://[^\"/]*@" .json) (regexMatch "\"postgres(ql)?://[^\"/@]*:[^\"/]*@" .json) -}}
{{- fail (printf "%s: an address must not hold a password or token; give it as a reference beside the address" .where) -}}
{{- end -}}
{{- end -}}

{{/* The keys of the Secret that JSON refers to, as JSON. */}}
{{- define "quarterdeck.keys" -}}
{{- $keys := list -}}
{{- range regexFindAll "\"secret:[^\"]+\"" . -1 -}}
{{- $keys = append $keys (trimAll "\"" . | trimPrefix "secret:") -}}
{{- end -}}
{{- $keys | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* How the release is called at the sinks. */}}
{{- define "quarterdeck.instance" -}}
{{- $own := printf "%s/%s" .Release.Namespace .Release.Name -}}
{{- $short := printf "%s-%s" ($own | trunc 91) (sha256sum $own | trunc 8) -}}
{{- .Values.settings.instance | default (ternary $short $own (gt (len $own) 100)) -}}
{{- end -}}

{{/* What is written for one collector: its settings file, its clones, the keys and addresses that both name. */}}
{{- define "quarterdeck.written" -}}
{{- $mode := include "quarterdeck.secretMode" .root -}}
{{- $settings := deepCopy .root.Values.settings -}}
{{- $block := deepCopy (.spec.settings | default dict) -}}
{{- $type := $block.type | default .name -}}
{{- $clones := list -}}
{{- range $url := .spec.clone.repositories -}}
{{- $clones = append $clones (dict "url" $url "folder" (printf "%s.git" (regexReplaceAll "^https?://" $url "" | trimSuffix ".git" | replace ":" "_" | replace "/" "+"))) -}}
{{- end -}}
{{- if and $clones (not $block.paths) -}}
{{- $paths := list -}}
{{- range $clones }}{{ $paths = append $paths (printf "/var/lib/quarterdeck/clones/%s" .folder) }}{{ end -}}
{{- $_ := set $block "paths" $paths -}}
{{- end -}}
{{- if and $mode (eq $type "github") (not $block.token) (not $block.app) -}}
{{- $_ := set $block "token" "secret:GITHUB_TOKEN" -}}
{{- end -}}
{{- if and $mode (kindIs "map" ($settings.sinks | default dict).datadog) -}}
{{- $_ := set $settings.sinks "datadog" (mustMerge (deepCopy $settings.sinks.datadog) (dict "api_key" "secret:DD_API_KEY")) -}}
{{- end -}}
{{- $_ := set $settings "instance" (include "quarterdeck.instance" .root) -}}
{{- $_ := set $settings "schedule_interval" (printf "%ds" (int64 .times.interval)) -}}
{{- $_ := set $settings "collectors" (dict .name $block) -}}
{{- with include "quarterdeck.ledger" (dict "ledger" .spec.ledger "mode" $mode) | fromJson -}}
{{- $_ := set $settings "ledger" . -}}
{{- end -}}
{{- $json := dict "settings" $settings "clones" $clones "cloneToken" .spec.clone.token | toJson -}}
{{- $where := printf "a setting of collectors.%s" .name -}}
{{- $written := include "quarterdeck.referred" (dict "root" .root "json" $json "where" $where) | fromJson -}}
{{- $_ := set $written "keys" (include "quarterdeck.keys" $json | fromJsonArray) -}}
{{- toJson $written -}}
{{- end -}}

{{- define "quarterdeck.ledger" -}}
{{- $block := dict -}}
{{- if eq .ledger.mode "pvc" -}}
{{- $_ := set $block "url" "/var/lib/quarterdeck/ledger/ledger.db" -}}
{{- else if eq .ledger.mode "postgresql" -}}
{{- $_ := set $block "url" .ledger.postgresql.url -}}
{{- with .ledger.postgresql.password | default (ternary "secret:LEDGER_PASSWORD" "" (ne .mode "")) }}{{ $_ := set $block "password" . }}{{ end -}}
{{- end -}}
{{- if and $block .ledger.keep }}{{ $_ := set $block "keep" .ledger.keep }}{{ end -}}
{{- toJson $block -}}
{{- end -}}

{{/* Whether there are prune Jobs: "true" or nothing. */}}
{{- define "quarterdeck.prunes" -}}
{{- $gateway := kindIs "map" (.Values.settings.sinks | default dict).pushgateway -}}
{{- $wanted := .Values.prune.enabled | toString -}}
{{- if and (eq $wanted "true") (not $gateway) -}}
{{- fail "prune.enabled: the settings name no Pushgateway; give settings.sinks.pushgateway, or leave it at auto" -}}
{{- end -}}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") $gateway (not .Values.settings.instance)) -}}
true
{{- end -}}
{{- end -}}

{{/* What prune Jobs read and are told: {files, arguments, keys}. */}}
{{- define "quarterdeck.prune" -}}
{{- $blocks := dict -}}
{{- $arguments := list "sinks" "prune" -}}
{{- range (include "quarterdeck.collectors" . | fromJson).collectors -}}
{{- $_ := set $blocks .name (ternary dict (dict "type" .type) (eq .name .type)) -}}
{{- $arguments = append $arguments (printf "--shards=%s=%d" .name (int64 .spec.shards)) -}}
{{- end -}}
{{- $instance := include "quarterdeck.instance" . -}}
{{- $own := dict "deadline" "2m" "instance" $instance "sinks" (pick .Values.settings.sinks "pushgateway") -}}
{{- with .Values.settings.log }}{{ $_ := set $own "log" . }}{{ end -}}
{{- $other := mustMerge (dict "instance" "quarterdeck-prune") $own -}}
{{- if not $blocks -}}
{{- $own = $other -}}
{{- $arguments = append $arguments (printf "--instance=%s" $instance) -}}
{{- end -}}
{{- $json := dict "settings" (mustMerge (dict "collectors" $blocks) $own) "leaving" $other | toJson -}}
{{- $written := include "quarterdeck.referred" (dict "root" . "json" $json "where" "settings.sinks.pushgateway") | fromJson -}}
{{- dict "settings" $written.settings "leaving" $written.leaving "arguments" $arguments "keys" (include "quarterdeck.keys" $json | fromJsonArray) | toJson -}}
{{- end -}}
