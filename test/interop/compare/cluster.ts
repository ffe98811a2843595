import type { KubernetesObject } from '../../support/api-server/index.ts';
import { type Dice, dice } from './dice.ts';
import { generateEndpointSlices } from './endpoint-slices.ts';
import { generatePods, type TestPod } from './pods.ts';
import { generatePorts, type ServicePort } from './ports.ts';

const LONGEST = `${'x'.repeat(62)}9`;
const NAMESPACES = ['shop', 'other', 'default', '0team', 'svc', 'pod', 'a-b', 'kube-system', LONGEST];
const SERVICES = ['web', 'db', '0web', 'com', 'svc', 'pod', 'dns', 'any', 'a--b', 'tcp', 'x', '10-0-0-1', LONGEST];
const TYPES = [
  'ClusterIP',
  'ClusterIP',
  'NodePort',
  'LoadBalancer',
  'headless',
  'headless',
  'headless',
  'ExternalName',
];

/** What a service is made of, to make its slices from. */
export interface ServicePlan {
  readonly namespace: string;
  readonly name: string;
  readonly headless: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly ServicePort[];
}

/** Makes the objects of a small cluster in which everything happens that a seed can think of. */
export function generateCluster(seed: number, ownAddresses: readonly string[] = []): KubernetesObject[] {
  const d = dice(seed);
  const namespaces = ['shop', ...d.some(NAMESPACES.slice(1), 0.3)];
  const pods = generatePods(d, namespaces, d.chance(0.1) ? ownAddresses : []);
  const names = new Set<string>();
  const services: KubernetesObject[] = [];
  // The first address of a network of services is the API server's.
  for (let i = d.between(3, 8) + 1; i > 1; i--) {
    // Now and then a service is left over from a namespace that is gone.
    const namespace = d.chance(0.05) ? 'gone' : d.pick(namespaces);
    const name = d.pick(SERVICES);
    if (names.has(`${name}.${namespace}`)) continue;
    names.add(`${name}.${namespace}`);
    services.push(...generateService(d, { name, namespace, at: i }, [...names], pods));
  }
  return [...namespaces.map((name) => namespaceObject(d, name)), ...services, ...pods.map(({ object }) => object)];
}

function namespaceObject(d: Dice, name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { env: d.pick(['prod', 'test']) } } };
}

interface Place {
  readonly namespace: string;
  readonly name: string;
  /** A number that no other service of the cluster has. */
  readonly at: number;
}

function generateService(
  d: Dice,
  place: Place,
  known: readonly string[],
  pods: readonly TestPod[],
): KubernetesObject[] {
  const { namespace, name } = place;
  const type = d.pick(TYPES);
  const labels = { tier: d.pick(['front', 'back']) };
  const headless = type === 'headless';
  const plan: ServicePlan = { namespace, name, headless, labels, ports: generatePorts(d) };
  const service = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace, labels } },
    spec: {
      type: headless ? 'ClusterIP' : type,
      ...(plan.ports.length > 0 && { ports: plan.ports }),
      ...(type === 'ExternalName' ? { externalName: externalName(d, known) } : clusterIps(d, headless, place)),
      ...(d.chance(0.1) && { externalIPs: [`198.51.100.${place.at}`] }),
    },
    ...(type === 'LoadBalancer' && { status: { loadBalancer: { ingress: [{ ip: `203.0.113.${place.at}` }] } } }),
  };
  return [service, ...generateEndpointSlices(d, plan, pods)];
}

function clusterIps(d: Dice, headless: boolean, { at }: Place): object {
  if (headless) return { clusterIP: 'None', clusterIPs: ['None'] };
  const [v4, v6] = [`10.0.0.${at}`, `fd00:0:0:1::${at}`];
  const clusterIPs = d.pick([[v4], [v4], [v6], [v4, v6], [v6, v4]]);
  const policy = clusterIPs.length > 1 && { ipFamilyPolicy: 'RequireDualStack' };
  return { clusterIP: clusterIPs[0], clusterIPs, ...policy };
}

/** A target outside or inside, that is there or not, or that leads around. */
function externalName(d: Dice, known: readonly string[]): string {
  const inside = () => `${d.pick(known)}.svc.cluster.local`;
  return d.pick([
    () => 'there.example.org',
    () => 'There.Example.ORG.',
    () => 'alias.example.org',
    () => 'missing.example.org',
    () => 'empty.example.org',
    () => 'broken.example.org',
    inside,
    inside,
    inside,
    () => `x.${inside()}`,
    () => 'missing.shop.svc.cluster.local',
    () => 'cluster.local',
    () => '192.0.2.99',
    () => '2001:db8::99',
  ])();
}
