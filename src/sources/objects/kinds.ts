import { closest, suggestion } from '../../base/suggest.ts';
import { Field } from './field.ts';
import { farthestTypo } from './known-keys.ts';

/** Kinds of Kubernetes that DNS does not use: objects of these kinds may stand beside the others. */
export const OTHER_KINDS = [
  ...['Binding', 'ComponentStatus', 'ConfigMap', 'Event', 'LimitRange', 'PersistentVolume'],
  ...['PersistentVolumeClaim', 'PodTemplate', 'ResourceQuota', 'Secret', 'ServiceAccount'],
  ...['ControllerRevision', 'DaemonSet', 'CronJob', 'Job', 'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'Lease'],
  ...['IngressClass', 'IPAddress', 'NetworkPolicy', 'GatewayClass', 'TCPRoute', 'UDPRoute'],
  ...['BackendTLSPolicy', 'ListenerSet', 'ReferenceGrant', 'ServiceExport'],
  ...['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'PodSecurityPolicy', 'PriorityClass', 'RuntimeClass'],
  ...['CSIDriver', 'CSINode', 'CSIStorageCapacity', 'StorageClass', 'VolumeAttachment', 'VolumeAttributesClass'],
  ...['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicy'],
  ...['ValidatingAdmissionPolicyBinding', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
  ...[
    'CustomResourceDefinition',
    'APIService',
    'FlowSchema',
    'PriorityLevelConfiguration',
    'NodeMetrics',
    'PodMetrics',
  ],
  ...['CertificateSigningRequest', 'ClusterTrustBundle', 'DeviceClass', 'ResourceClaim', 'ResourceClaimTemplate'],
  ...['ResourceSlice', 'VolumeSnapshot', 'VolumeSnapshotClass', 'VolumeSnapshotContent', 'Kustomization', 'Status'],
] as const;

/** A kind of Kubernetes that DNS does not use. */
export type OtherKind = (typeof OTHER_KINDS)[number];

/** The groups of the API that Kubernetes itself defines. Others may have kinds with any name, such as the `Service` of Knative. */
const OWN_GROUP = /^(?:v\d\w*|(?:apps|autoscaling|batch|extensions|policy|(?:[\w-]+\.)*k8s\.io)\/.*)$/;

export function isOtherKind(kind: string): kind is OtherKind {
  return OTHER_KINDS.some((other) => other === kind);
}

/** The kind that a misspelt one probably means, among those that DNS uses; undefined for a kind that Kubernetes has. */
export function kindMeantBy(kind: string, used: readonly string[]): string | undefined {
  return isOtherKind(kind) ? undefined : closest(kind, used, farthestTypo(kind));
}

/**
 * Checks an object whose API version and kind DNS does not use: it may be ignored unless they are probably typing errors.
 *
 * @param used the API version of each kind that DNS uses. @throws ObjectError
 */
export function checkUnused(
  { apiVersion, kind, object }: { readonly apiVersion: string; readonly kind: string; readonly object: unknown },
  used: Readonly<Record<string, string>>,
): void {
  if (!OWN_GROUP.test(apiVersion)) return;
  const field = new Field(kind, object);
  const meant = kindMeantBy(kind, Object.keys(used));
  if (meant !== undefined && meant !== kind) field.get('kind').fail(`is unknown${suggestion(meant)}`);
  if (meant !== undefined) field.get('apiVersion').wrong(used[kind]!);
}
