{{/* The ports of DNS as a list of JSON: name, port and protocol of the container, and what the Service and the node make of it. */}}
{{- define "cairn.dnsPorts" -}}
{{- $found := dict -}}
{{- $list := list -}}
{{- $servers := list -}}
{{- if .Values.servers -}}
{{- $servers = .Values.servers -}}
{{- else -}}
{{- range default (list (dict "port" 53)) .Values.ports -}}
{{- $servers = append $servers (merge (dict "zones" (list (pick . "scheme" "use_tcp"))) .) -}}
{{- end -}}
{{- end -}}
{{- range $server := $servers -}}
{{- range $zone := default (list dict) $server.zones -}}
{{- $scheme := default "dns://" $zone.scheme -}}
{{- $usual := get (dict "dns://" 53 "tls://" 853 "https://" 443) $scheme -}}
{{- $port := default $usual $server.port | int -}}
{{- $names := dict -}}
{{- if eq $scheme "dns://" -}}
{{- $names = set $names "UDP" "dns" -}}
{{- if ne $zone.use_tcp false }}{{ $names = set $names "TCP" "dns-tcp" }}{{ end -}}
{{- else -}}
{{- $names = set $names "TCP" (printf "dns-%s" (trimSuffix "://" $scheme)) -}}
{{- end -}}
{{- range $protocol := list "UDP" "TCP" -}}
{{- $key := printf "%d/%s" $port $protocol -}}
{{- $name := get $names $protocol -}}
{{- if and $name (not (hasKey $found $key)) -}}
{{- $found = set $found $key true -}}
{{- if ne $port (int $usual) }}{{ $name = printf "%s-%d" $name $port }}{{ end -}}
{{- $list = append $list (dict "name" $name "port" $port "protocol" $protocol
  "servicePort" (default $port $server.servicePort | int) "nodePort" $server.nodePort "hostPort" $server.hostPort) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $list -}}
{{- end -}}

{{/* The ports of the container. */}}
{{- define "cairn.containerPorts" -}}
{{- range include "cairn.dnsPorts" . | fromJsonArray }}
- name: {{ .name }}
  containerPort: {{ .port }}
  protocol: {{ .protocol }}
  {{- with .hostPort }}
  hostPort: {{ . }}
  {{- end }}
{{- end }}
{{- range $name := list "metrics" "health" "ready" }}
{{- $port := include (printf "cairn.%sPort" $name) $ }}
{{- if $port }}
- name: {{ $name }}
  containerPort: {{ $port }}
  protocol: TCP
{{- end }}
{{- end }}
{{- end -}}

{{/* The Service whose port `metrics` Prometheus reads: that of DNS, unless it is open to the outside or there is one for metrics. */}}
{{- define "cairn.hasMetricsService" -}}
{{- $isOutside := or (ne .Values.serviceType "ClusterIP") (not .Values.service.enabled) -}}
{{- if and (include "cairn.metricsPort" .) (or .Values.prometheus.service.enabled (and .Values.prometheus.monitor.enabled $isOutside)) }}true{{ end -}}
{{- end -}}

{{/* The label `job` of the metrics. */}}
{{- define "cairn.job" -}}
{{- default (ternary (include "cairn.k8sApp" .) .Chart.Name .Values.isClusterService) .Values.prometheus.rules.job -}}
{{- end -}}
