{{/* The name of the release's objects. */}}
{{- define "cairn.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $release := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $release .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "cairn.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name with an ending, within the limit of names. */}}
{{- define "cairn.longname" -}}
{{- printf "%s-%s" (include "cairn.fullname" .root | trunc (int (sub 62 (len .end))) | trimSuffix "-") .end -}}
{{- end -}}

{{- define "cairn.deployment" -}}
{{- default (include "cairn.fullname" .) .Values.deployment.name -}}
{{- end -}}

{{- define "cairn.account" -}}
{{- $own := ternary (include "cairn.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $own .Values.serviceAccount.name -}}
{{- end -}}

{{- define "cairn.configmap" -}}
{{- default (include "cairn.fullname" .) .Values.deployment.existingConfigMap -}}
{{- end -}}

{{- define "cairn.hasOwnConfigMap" -}}
{{- if not (or .Values.deployment.existingConfigMap .Values.deployment.skipConfig) }}true{{ end -}}
{{- end -}}

{{- define "cairn.k8sApp" -}}
{{- default .Chart.Name .Values.k8sAppLabelOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* A selector of the pods. It depends on no value that an upgrade may change: that of a Deployment must not change. */}}
{{- define "cairn.selector" -}}
{{- with .Values.deployment.selector -}}
{{ toYaml . }}
{{- else -}}
matchLabels: {{- include "cairn.ownLabels" . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "cairn.ownLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* What a Service selects. */}}
{{- define "cairn.matchLabels" -}}
{{- toYaml (include "cairn.selector" . | fromYaml).matchLabels -}}
{{- end -}}

{{/* Of the pods. What selects them comes first. */}}
{{- define "cairn.podLabels" -}}
{{- $labels := include "cairn.matchLabels" . | fromYaml -}}
{{- $labels = merge $labels (include "cairn.ownLabels" . | fromYaml) -}}
{{- if .Values.isClusterService -}}
{{- $labels = merge $labels (dict "k8s-app" (include "cairn.k8sApp" .)) -}}
{{- end -}}
{{- toYaml (merge $labels (default dict .Values.podLabels) (default dict .Values.customLabels)) -}}
{{- end -}}

{{/* Of every object. `component` and `labels` are those of one object. */}}
{{- define "cairn.labels" -}}
{{- $root := .root -}}
{{- $labels := include "cairn.ownLabels" $root | fromYaml -}}
{{- $labels = merge $labels (dict
  "app.kubernetes.io/managed-by" $root.Release.Service
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63)) -}}
{{- with .component }}{{ $labels = set $labels "app.kubernetes.io/component" . }}{{ end -}}
{{- if $root.Values.isClusterService -}}
{{- $labels = set $labels "k8s-app" (printf "%s%s" (include "cairn.k8sApp" $root) (default "" .suffix)) -}}
{{- end -}}
{{- toYaml (merge $labels (default dict .labels) (default dict $root.Values.customLabels)) -}}
{{- end -}}

{{/* The `metadata` of an object. */}}
{{- define "cairn.metadata" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ default .root.Release.Namespace .namespace }}
{{- end }}
labels: {{- include "cairn.labels" . | nindent 2 }}
{{- with merge (dict) (default dict .annotations) (default dict .root.Values.customAnnotations) }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Text of a value that YAML may have read as a number. */}}
{{- define "cairn.text" -}}
{{- if kindIs "float64" . -}}
{{- if eq . (floor .) }}{{ printf "%.0f" . }}{{ else }}{{ printf "%v" . }}{{ end -}}
{{- else if not (kindIs "invalid" .) }}{{ printf "%v" . }}{{ end -}}
{{- end -}}
