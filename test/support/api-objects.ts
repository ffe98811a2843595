import type { KubernetesObject } from './api-server/index.ts';

/** A Namespace. */
export const apiNamespace = (name: string, labels?: Record<string, string>): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { name, ...(labels && { labels }) },
});

/** A Service; headless with the address `None`. `id` is `NAMESPACE/NAME`. */
export const apiService = (id: string, ip: string, labels?: Record<string, string>): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind: 'Service' },
  metadata: { ...namesOf(id), ...(labels && { labels }) },
  spec: { clusterIP: ip, clusterIPs: [ip], ports: [{ name: 'http', port: 80, protocol: 'TCP' }], type: 'ClusterIP' },
});

/**
 * An EndpointSlice of the service of that `id`, `NAMESPACE/SERVICE`: an address is ready, one behind `!` is not, and one behind `~` terminates and still serves. `triggered` is the time
 * of the change that led to it.
 */
export const apiSlice = (id: string, name: string, addresses: string, triggered?: string): KubernetesObject => {
  const { namespace, name: service } = namesOf(id);
  const annotations = triggered && { 'endpoints.kubernetes.io/last-change-trigger-time': triggered };
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
    metadata: {
      ...{ name, namespace, labels: { 'kubernetes.io/service-name': service } },
      ...(annotations && { annotations }),
    },
    addressType: 'IPv4',
    endpoints: addresses
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => ({ addresses: [word.replace(/[!~]/, '')], conditions: conditionsOf(word[0]!) })),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  };
};

function conditionsOf(mark: string): object {
  return mark === '~' ? { ready: false, serving: true, terminating: true } : { ready: mark !== '!' };
}

/** A Pod that runs; a real API server would take its status only after it was made. */
export const apiPod = (id: string, ip: string): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: namesOf(id) },
  spec: { containers: [{ name: 'main', image: 'example/main' }] },
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
});

function namesOf(id: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = id.split('/');
  return { namespace, name };
}
