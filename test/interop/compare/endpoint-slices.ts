import type { KubernetesObject } from '../../support/api-server/index.ts';
import type { ServicePlan } from './cluster.ts';
import type { Dice } from './dice.ts';
import type { TestPod } from './pods.ts';
import { generateSlicePorts } from './ports.ts';

const HOSTNAMES = ['db-0', 'db-1', '0', 'a-b', `${'h'.repeat(62)}9`];
const CONDITIONS = [
  { ready: true },
  { ready: true, serving: true, terminating: false },
  {},
  undefined,
  { ready: false },
  { ready: false, serving: true, terminating: true },
];

/** None, one or several slices of a service, each of one address family. */
export function generateEndpointSlices(d: Dice, service: ServicePlan, pods: readonly TestPod[]): KubernetesObject[] {
  const families = d.pick<readonly ('IPv4' | 'IPv6')[]>([
    [],
    ['IPv4'],
    ['IPv4'],
    ['IPv6'],
    ['IPv4', 'IPv6'],
    ['IPv4', 'IPv4'],
  ]);
  return families.map((addressType, i) => sliceObject(d, service, `${service.name}-${i}`, addressType, pods));
}

function sliceObject(
  d: Dice,
  service: ServicePlan,
  name: string,
  addressType: 'IPv4' | 'IPv6',
  pods: readonly TestPod[],
): KubernetesObject {
  const labels = {
    'kubernetes.io/service-name': service.name,
    // A slice that was made by hand may lack the service's labels.
    ...(d.chance(0.9) && service.labels),
  };
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
    metadata: { name, namespace: service.namespace, labels },
    addressType,
    ports: generateSlicePorts(d, service.ports),
    endpoints: d.some(pods, d.pick([0, 0.3, 0.6])).map((pod) => endpoint(d, pod, addressType)),
  };
}

function endpoint(d: Dice, pod: TestPod, addressType: 'IPv4' | 'IPv6'): object {
  const address = addressType === 'IPv4' ? pod.v4 : spelled(d, pod.v6);
  const conditions = d.pick(CONDITIONS);
  return {
    addresses: [address],
    ...(conditions && { conditions }),
    ...(d.chance(0.4) && { hostname: d.pick(HOSTNAMES) }),
    ...(d.chance(0.7) && { targetRef: { kind: 'Pod', name: pod.name, namespace: pod.namespace } }),
    ...(d.chance(0.5) && { zone: d.pick(['eu-1', 'EU-2', 'us.east']) }),
  };
}

/** Slices that were made by hand may spell addresses otherwise than the API server does. */
function spelled(d: Dice, address: string): string {
  return d.chance(0.05) ? address.toUpperCase() : address;
}
