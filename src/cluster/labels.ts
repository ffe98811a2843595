import type { Plugin } from '../plugin/plugin.ts';
import type { Query } from '../plugin/query.ts';
import type { Pod } from '../registry/records.ts';
import type { ServiceName } from './service-name.ts';
import type { ClusterView } from './view.ts';
import { type Zone, zoneOf } from './zone.ts';

/** The text is CoreDNS's. */
const PARSE_ERROR = 'invalid query name';

const CLIENT = 'client-';
const CLIENT_LABEL = 'client-label/';

/** The parts of names; each kind of name has some of them. */
interface Parts {
  readonly kind: ServiceName['kind'];
  readonly tree?: 'svc' | 'pod';
  readonly namespace?: string;
  readonly service?: string;
  readonly pod?: string;
  readonly endpoint?: string;
  readonly port?: string;
  readonly protocol?: string;
  readonly topologyZone?: string;
  readonly cluster?: string;
}

/** The labels that follow from the name alone. A missing part is empty, as with CoreDNS. */
const NAME_LABELS: Readonly<Record<string, (name: Parts, zone: Zone) => string | undefined>> = {
  kind: ({ tree, pod, namespace }) => tree ?? (pod !== undefined ? 'pod' : namespace !== undefined ? 'svc' : ''),
  namespace: ({ namespace = '' }) => namespace,
  service: ({ service, pod = '' }) => service ?? pod,
  endpoint: ({ endpoint = '' }) => endpoint,
  'port-name': ({ port = '' }) => port,
  protocol: ({ protocol = '' }) => protocol,
  zone: ({ topologyZone = '' }) => topologyZone,
  cluster: ({ cluster = '' }, zone) => (zone.cluster.rules === 'cluster-set' ? cluster : undefined),
};

/** The labels of queries: the parts of the name, and the pod that asks. */
export function createLabels(zones: readonly Zone[], cluster: ClusterView): NonNullable<Plugin['label']> {
  return (query, label) => {
    if (label.startsWith(CLIENT)) return clientLabel(cluster, query, label);
    const zone = zoneOf(zones, query.name);
    // A reverse name has no service.
    if (zone === undefined || zone.isReverse) return undefined;
    const name = zone.parse(query.name);
    if (label === 'parse-error') return name?.kind === 'none' ? PARSE_ERROR : undefined;
    if (!name || name.kind === 'none' || !Object.hasOwn(NAME_LABELS, label)) return undefined;
    return NAME_LABELS[label]!(name, zone);
  };
}

function clientLabel(cluster: ClusterView, query: Query, label: string): string | undefined {
  const pod = clientOf(cluster, query);
  if (label === 'client-namespace') return pod?.namespace;
  if (label === 'client-pod-name') return pod?.name;
  if (!pod || !label.startsWith(CLIENT_LABEL)) return undefined;
  const key = label.slice(CLIENT_LABEL.length);
  return Object.hasOwn(pod.labels, key) ? pod.labels[key] : undefined;
}

/** The pod of the client. A pod in the host's network has the address of its node, like other programs there, so it is not found. */
function clientOf({ registry, options }: ClusterView, { client }: Query): Pod | undefined {
  return options.pods === 'verified'
    ? registry.podsAt(client.address).find(({ hostNetwork }) => !hostNetwork)
    : undefined;
}
