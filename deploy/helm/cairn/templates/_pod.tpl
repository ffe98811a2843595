{{/* Without `reload`, only new pods read a changed Corefile. */}}
{{- define "cairn.podAnnotations" -}}
{{- $corefile := include "cairn.corefile" . -}}
{{- $own := dict -}}
{{- if and $corefile (not (include "cairn.hasDirective" (dict "name" "reload" "corefile" $corefile))) -}}
{{- $own = dict "checksum/config" (sha256sum $corefile) -}}
{{- end -}}
{{- toYaml (merge $own (default dict .Values.podAnnotations) (default dict .Values.customAnnotations)) -}}
{{- end -}}

{{- define "cairn.pod" -}}
serviceAccountName: {{ include "cairn.account" . }}
{{- if not .Values.automountServiceAccountToken }}
automountServiceAccountToken: false
{{- end }}
{{- with default (ternary "system-cluster-critical" "" .Values.isClusterService) .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if .Values.hostNetwork }}
hostNetwork: true
{{- end }}
dnsPolicy: {{ .Values.deployment.dnsPolicy }}
{{- with .Values.deployment.dnsConfig }}
dnsConfig: {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- include "cairn.evaluated" (dict "root" $ "value" .) | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range include "cairn.evaluated" (dict "root" $ "value" .) | fromYamlArray }}
  {{- if not .labelSelector }}{{ $_ := set . "labelSelector" (include "cairn.selector" $ | fromYaml) }}{{ end }}
  - {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- with include "cairn.podSecurityContext" . | fromYaml }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.initContainers }}
initContainers: {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - {{- include "cairn.container" . | nindent 4 }}
  {{- with .Values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes: {{- include "cairn.volumes" . | nindent 2 }}
{{- end -}}

{{/* A value in which templates work. Those of the chart `coredns` have their place here, too. */}}
{{- define "cairn.evaluated" -}}
{{- tpl (toYaml .value | replace "\"coredns.name\"" "\"cairn.name\"" | replace "\"coredns.fullname\"" "\"cairn.fullname\"") .root -}}
{{- end -}}

{{/* In the node's network, sysctls are the node's. Files of secrets belong to root, and a server without root reads them by its group. */}}
{{- define "cairn.podSecurityContext" -}}
{{- $context := .Values.podSecurityContext | default dict -}}
{{- if .Values.hostNetwork }}{{ $context = omit $context "sysctls" }}{{ end -}}
{{- if and .Values.extraSecrets $context.runAsGroup (not (hasKey $context "fsGroup")) -}}
{{- $context = merge (dict "fsGroup" $context.runAsGroup) $context -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{- define "cairn.image" -}}
{{- with .Values.image -}}
{{- ternary (printf "%s@%s" .repository .digest) (printf "%s:%s" .repository (include "cairn.text" (default $.Chart.AppVersion .tag))) (ne .digest "") -}}
{{- end -}}
{{- end -}}

{{- define "cairn.container" -}}
name: {{ .Chart.Name }}
image: {{ include "cairn.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: {{- concat (list "-conf" "/etc/coredns/Corefile") (default list .Values.extraArgs) | toYaml | nindent 2 }}
{{- with .Values.env }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
ports: {{- include "cairn.containerPorts" . | trim | nindent 2 }}
{{- range $name, $path := dict "livenessProbe" "health" "readinessProbe" "ready" }}
{{- $probe := get $.Values $name }}
{{- if $probe.enabled }}
{{ $name }}:
  httpGet: { path: /{{ $path }}, port: {{ $path }}, scheme: HTTP }
  {{- omit $probe "enabled" | toYaml | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- $context := .Values.securityContext | default dict }}
{{- if .Values.hostNetwork }}{{ $context = merge (dict) $context (dict "runAsUser" 0 "runAsNonRoot" false) }}{{ end }}
{{- with $context }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: config-volume, mountPath: /etc/coredns, readOnly: true }
  {{- range concat (default list .Values.extraSecrets) (default list .Values.extraConfigMaps) }}
  - { name: {{ .name }}, mountPath: {{ .mountPath }}, readOnly: true }
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "cairn.volumes" -}}
- name: config-volume
  configMap:
    name: {{ include "cairn.configmap" . }}
    items:
      - { key: Corefile, path: Corefile }
      {{- range .Values.zoneFiles }}
      - { key: {{ .filename | quote }}, path: {{ .filename | quote }} }
      {{- end }}
{{- range .Values.extraSecrets }}
- name: {{ .name }}
  secret:
    secretName: {{ .name }}
    {{- with .defaultMode }}
    defaultMode: {{ . }}
    {{- end }}
{{- end }}
{{- range .Values.extraConfigMaps }}
- name: {{ .name }}
  configMap:
    name: {{ .name }}
    {{- with .defaultMode }}
    defaultMode: {{ . }}
    {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
