import { hostsFor } from '../../resolver/hosts.ts';
import type { PodManifest } from './manifest.ts';

/** Linux's limit, to which the kubelet cuts host names. */
const MAX_HOSTNAME_LENGTH = 63;

/** The text of the /etc/hosts that the kubelet writes for a pod; for one that is not known, the lines that all pods have. */
export function hostsOfPod(pod: PodManifest | undefined, clusterDomain: string): string {
  if (!pod) return hostsFor({ addresses: [], hostname: '' });
  const { namespace, subdomain, kubelet } = pod;
  const hostname = (pod.hostname || pod.name).slice(0, MAX_HOSTNAME_LENGTH).replace(/[-.]+$/, '');
  const fullName = subdomain ? `${hostname}.${subdomain}.${namespace}.svc.${clusterDomain}` : undefined;
  return hostsFor({ ...kubelet, addresses: pod.record?.ips ?? [], hostname, fullName });
}
