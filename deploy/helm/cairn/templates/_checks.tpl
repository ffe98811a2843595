{{/* What a schema cannot say. Every error names the key, and what would be right. */}}
{{- define "cairn.checks" -}}
{{- $values := .Values -}}
{{- $hasOwn := include "cairn.hasOwnConfigMap" . -}}
{{- if and $values.corefile $values.servers -}}
{{- fail "corefile and servers: both are the Corefile; keep one" -}}
{{- end -}}
{{- range $key := list "corefile" "servers" "extraConfig" "zoneFiles" -}}
{{- if and (get $values $key) (not $hasOwn) -}}
{{- fail (printf "%s: the ConfigMap is yours (deployment.existingConfigMap, deployment.skipConfig), so the chart writes none; put it there" $key) -}}
{{- end -}}
{{- end -}}
{{- if and $values.ports $values.servers -}}
{{- fail "ports: the ports are those of servers; give port, servicePort, nodePort and hostPort there" -}}
{{- end -}}
{{- if and $values.extraConfig (not $values.servers) -}}
{{- fail "extraConfig: it goes with servers; write the line into corefile" -}}
{{- end -}}
{{- range $key, $instead := dict "dnsConfig" "deployment.dnsConfig, with deployment.dnsPolicy: None" "dnsPolicy" "deployment.dnsPolicy"
  "imagePullSecrets" "image.pullSecrets" "replicas" "replicaCount" "extraEnv" "env" "autoscaling" "hpa" "strategy" "rollingUpdate"
  "serviceMonitor" "prometheus.monitor" "prometheusRule" "prometheus.rules" -}}
{{- if hasKey $values $key }}{{ fail (printf "%s: the name of this value is %s" $key $instead) }}{{ end -}}
{{- end -}}
{{- if hasKey $values.service "type" }}{{ fail "service.type: the name of this value is serviceType" }}{{ end -}}
{{- if hasSuffix "coredns/coredns" $values.image.repository -}}
{{- fail (printf "image.repository: %s is the image of CoreDNS; name that of Cairn" $values.image.repository) -}}
{{- end -}}
{{- if $values.rbac.pspEnable -}}
{{- fail "rbac.pspEnable: Kubernetes has no PodSecurityPolicy since 1.25; remove the key" -}}
{{- end -}}
{{- if and $values.hpa.enabled $values.autoscaler.enabled -}}
{{- fail "hpa.enabled and autoscaler.enabled: both set the number of pods; keep one" -}}
{{- end -}}
{{- if and (eq $values.deployment.dnsPolicy "None") (not $values.deployment.dnsConfig) -}}
{{- fail "deployment.dnsConfig: dnsPolicy None needs nameservers here" -}}
{{- end -}}
{{- $addresses := default list $values.service.clusterIPs -}}
{{- if and $addresses $values.service.clusterIP (ne (first $addresses) $values.service.clusterIP) -}}
{{- fail (printf "service.clusterIP: it must be %s, the first of service.clusterIPs; leave it empty" (first $addresses)) -}}
{{- end -}}
{{- if and $values.deployment.selector (not $values.deployment.selector.matchLabels) -}}
{{- fail "deployment.selector: it needs matchLabels, which the pods get and the Service selects" -}}
{{- end -}}
{{- include "cairn.pluginChecks" . -}}
{{- include "cairn.corefileChecks" . -}}
{{- end -}}

{{/* A server ends at once if its Corefile names a plugin that it lacks. Packages may bring others. */}}
{{- define "cairn.pluginChecks" -}}
{{- $known := append (.Files.Lines "files/plugins") "import" -}}
{{- $hasPackages := contains "-plugin" (join " " .Values.extraArgs) -}}
{{- range .Values.env }}{{ if eq .name "CAIRN_PLUGINS" }}{{ $hasPackages = true }}{{ end }}{{ end -}}
{{- range $i, $server := .Values.servers -}}
{{- range $server.plugins -}}
{{- if not (or $hasPackages (has .name $known)) -}}
{{- fail (printf "servers[%d].plugins: Cairn has no plugin %s; docs/plugins.md lists those that it has" $i .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cairn.corefileChecks" -}}
{{- if and .Values.livenessProbe.enabled (not (include "cairn.healthPort" .)) -}}
{{- fail "livenessProbe: the Corefile has no `health`; add the plugin, or set livenessProbe.enabled to false" -}}
{{- end -}}
{{- if and .Values.readinessProbe.enabled (not (include "cairn.readyPort" .)) -}}
{{- fail "readinessProbe: the Corefile has no `ready`; add the plugin, or set readinessProbe.enabled to false" -}}
{{- end -}}
{{- if and (or .Values.prometheus.service.enabled .Values.prometheus.monitor.enabled) (not (include "cairn.metricsPort" .)) -}}
{{- fail "prometheus: the Corefile has no `prometheus` that pods can read; write `prometheus :9153`" -}}
{{- end -}}
{{- range $name, $probe := dict "health" .Values.livenessProbe "ready" .Values.readinessProbe -}}
{{- if and $probe.enabled (regexMatch (printf "(?m)^[ \\t]*%s[ \\t]+(localhost|127\\.[0-9.]+|\\[::1\\]):" $name) (include "cairn.corefile" $)) -}}
{{- fail (printf "%s: the kubelet cannot reach a page at a loopback address; name the port alone, as in `%s :%s`" $name $name (include "cairn.pagePort" (dict "root" $ "name" $name "default" ""))) -}}
{{- end -}}
{{- end -}}
{{- $seconds := 0 -}}
{{- range regexFindAll "(?m)^[ \\t]*lameduck[ \\t]+[0-9]+[sm]([ \\t}]|$)" (include "cairn.corefile" .) -1 -}}
{{- $number := regexFind "[0-9]+" . | int -}}
{{- $seconds = max $seconds (ternary (mul 60 $number) $number (regexMatch "[0-9]m" .)) -}}
{{- end -}}
{{- if and $seconds (le (int .Values.terminationGracePeriodSeconds) (int $seconds)) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d seconds end before the lameduck time of %d seconds in the Corefile; it must be longer" (int .Values.terminationGracePeriodSeconds) (int $seconds)) -}}
{{- end -}}
{{- end -}}
