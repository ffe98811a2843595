{{/* The alerts of deploy/monitoring, for the job and the memory of this release. Without a limit nothing is close to it. */}}
{{- define "cairn.ruleGroups" -}}
{{- $disabled := default list .Values.prometheus.rules.disabled -}}
{{- $octets := include "cairn.memoryLimit" . -}}
{{- $text := .Files.Get "files/alerts.yaml" | replace "job=\"kube-dns\"" (printf "job=%q" (include "cairn.job" .)) -}}
{{- $groups := list -}}
{{- $names := list -}}
{{- range $group := fromYamlArray $text -}}
{{- $rules := list -}}
{{- range $rule := $group.rules -}}
{{- $names = append $names $rule.alert -}}
{{- $isOff := or (has $rule.alert $disabled) (and (not $octets) (contains "/ 178257920" $rule.expr)) -}}
{{- if not $isOff -}}
{{- $rules = append $rules (set $rule "expr" (replace "/ 178257920" (printf "/ %s" $octets) $rule.expr)) -}}
{{- end -}}
{{- end -}}
{{- if $rules }}{{ $groups = append $groups (set $group "rules" $rules) }}{{ end -}}
{{- end -}}
{{- range $disabled -}}
{{- if not (has . $names) }}{{ fail (printf "prometheus.rules.disabled: there is no alert %s; there are %s" . (join ", " (uniq $names))) }}{{ end -}}
{{- end -}}
{{- toYaml $groups -}}
{{- end -}}

{{/* The limit of memory in octets, if it is a whole number with a unit that people use. */}}
{{- define "cairn.memoryLimit" -}}
{{- $limit := include "cairn.text" (dig "limits" "memory" "" (.Values.resources | default dict)) -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $unit := regexFind "[A-Za-z]*$" $limit -}}
{{- if and (regexMatch "^[0-9]+[A-Za-z]*$" $limit) (hasKey $units $unit) -}}
{{- mul (regexFind "^[0-9]+" $limit | int64) (get $units $unit) -}}
{{- end -}}
{{- end -}}
