{{/* The Corefile; empty if the ConfigMap is not the chart's. */}}
{{- define "cairn.corefile" -}}
{{- if not (include "cairn.hasOwnConfigMap" .) -}}
{{- else if .Values.corefile -}}
{{ .Values.corefile }}
{{- else if .Values.servers -}}
{{- range $name, $line := .Values.extraConfig -}}
{{ trim (printf "%s %s" $name (include "cairn.text" ($line | default dict).parameters)) }}
{{ end -}}
{{- range .Values.servers }}{{ include "cairn.server" . }}{{ end -}}
{{- else -}}
{{ .Files.Get "files/Corefile" | replace "cluster.local" .Values.clusterDomain }}
{{- end -}}
{{- end -}}

{{/* One server block. */}}
{{- define "cairn.server" -}}
{{- $port := include "cairn.text" .port -}}
{{- $keys := list -}}
{{- range default (list dict) .zones -}}
{{- $key := printf "%s%s" (default "" .scheme) (default "." .zone) -}}
{{- $keys = append $keys (ternary (printf "%s:%s" $key $port) $key (ne $port "")) -}}
{{- end -}}
{{ join " " $keys }} {
{{- range .plugins }}
    {{ trim (printf "%s %s" .name (include "cairn.text" .parameters)) }}
{{- with .configBlock }} {
{{ . | trimSuffix "\n" | indent 8 }}
    }
{{- end }}
{{- end }}
}
{{ end -}}

{{/* Whether a line of the Corefile begins with a word. Comments begin with another. */}}
{{- define "cairn.hasDirective" -}}
{{- if regexMatch (printf "(?m)^[ \\t]*%s([ \\t{]|$)" .name) .corefile }}true{{ end -}}
{{- end -}}

{{/* The kinds of objects that `k8s_gateway` reads beside Services, with blanks between them: those after `resources`, else Ingress. */}}
{{- define "cairn.declaredKinds" -}}
{{- $uses := regexFindAll "(?m)^[ \\t]*k8s_gateway([ \\t{]|$)" .corefile -1 -}}
{{- $lines := regexFindAll "(?m)^[ \\t]*resources[ \\t].*$" .corefile -1 -}}
{{- $text := ternary (printf "%s Ingress" (join " " $lines)) (join " " $lines) (gt (len $uses) (len $lines)) -}}
{{- $kinds := list -}}
{{- range list "Ingress" "HTTPRoute" "TLSRoute" "GRPCRoute" "DNSEndpoint" "Node" -}}
{{- if or $.all (and $uses (regexMatch (printf "(?i)[ \\t]%s([ \\t{]|$)" .) $text)) -}}
{{- $kinds = append $kinds . -}}
{{- end -}}
{{- end -}}
{{ join " " $kinds }}
{{- end -}}

{{/* The port of the page of a plugin; empty if the Corefile lacks the plugin. What is imported may have it, so then it is `default`. */}}
{{- define "cairn.pagePort" -}}
{{- $corefile := include "cairn.corefile" .root -}}
{{- if include "cairn.hasDirective" (dict "name" .name "corefile" $corefile) -}}
{{- $line := regexFind (printf "(?m)^[ \\t]*%s([ \\t]+[^\\s{]+)?" .name) $corefile -}}
{{- default .default (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $line)) -}}
{{- else if or (eq $corefile "") (include "cairn.hasDirective" (dict "name" "import" "corefile" $corefile)) -}}
{{ .default }}
{{- end -}}
{{- end -}}

{{- define "cairn.healthPort" -}}
{{ include "cairn.pagePort" (dict "root" . "name" "health" "default" "8080") }}
{{- end -}}
{{- define "cairn.readyPort" -}}
{{ include "cairn.pagePort" (dict "root" . "name" "ready" "default" "8181") }}
{{- end -}}
{{/* Empty for a page at a loopback address, which is the default of `prometheus`: nobody outside of the pod can read it. */}}
{{- define "cairn.metricsPort" -}}
{{- if not (regexMatch "(?m)^[ \\t]*prometheus[ \\t]*(\\{|$|localhost|127\\.|\\[::1\\])" (include "cairn.corefile" .)) -}}
{{ include "cairn.pagePort" (dict "root" . "name" "prometheus" "default" "9153") }}
{{- end -}}
{{- end -}}
