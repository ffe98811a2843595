import { seededRandom } from '../test/support/random.ts';
import type { BenchService } from './cluster-objects.ts';

/** One kind of question, for every server that can answer it. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** Whether it asks for names of the cluster (and of the upstream), or for plain A records. */
  readonly data: 'cluster' | 'plain';
  readonly tcp?: boolean;
  /** The rcode that all responses must have; any of several if it is left out. */
  readonly rcode?: 'NOERROR' | 'NXDOMAIN';
  /** Whether every run asks for names that no run before it has asked for. */
  readonly fresh?: boolean;
  /** Lines of `NAME TYPE`, as dnsperf reads them. */
  queries(services: readonly BenchService[], run: number): string[];
}

const ZONE = 'cluster.local';
/** What a node's resolv.conf adds to the search list of its pods. */
const NODE_DOMAIN = 'nodes.internal';
const EXTERNAL_NAMES = 200;
/** More names than a server forwards in a run of some seconds. */
const FRESH_NAMES = 100_000;
const PLAIN_NAMES = 1000;

/** The plain A records that all servers can serve: name and address. */
export const plainRecords: readonly (readonly [name: string, address: string])[] = Array.from(
  { length: PLAIN_NAMES },
  (_, i) => [`host-${i}.plain.test`, `192.0.2.${(i % 250) + 1}`],
);

export const rows: readonly Row[] = [
  {
    id: 'a',
    title: 'cluster: A',
    data: 'cluster',
    rcode: 'NOERROR',
    queries: (all) => clusterIp(all).map(asking('A')),
  },
  {
    id: 'aaaa',
    title: 'cluster: AAAA, no data',
    data: 'cluster',
    rcode: 'NOERROR',
    queries: (all) => clusterIp(all).map(asking('AAAA')),
  },
  {
    id: 'headless',
    title: 'cluster: A, 5 endpoints',
    data: 'cluster',
    rcode: 'NOERROR',
    queries: (all) => headless(all).map(asking('A')),
  },
  {
    id: 'srv',
    title: 'cluster: SRV',
    data: 'cluster',
    rcode: 'NOERROR',
    queries: (all) => all.map((service) => `_http._tcp.${nameOf(service)} SRV`),
  },
  {
    id: 'ptr',
    title: 'cluster: PTR',
    data: 'cluster',
    rcode: 'NOERROR',
    queries: (all) => all.map(({ clusterIp, endpoints }) => `${reverse(clusterIp ?? endpoints[0]!)} PTR`),
  },
  {
    id: 'nxdomain',
    title: 'cluster: NXDOMAIN on the search path',
    data: 'cluster',
    rcode: 'NXDOMAIN',
    queries: (all) => all.map(({ name, namespace }) => `${name}.${namespace}.${namespace}.svc.${ZONE} A`),
  },
  { id: 'mix', title: 'what a pod asks', data: 'cluster', queries: (all) => all.flatMap(podLookUps) },
  {
    id: 'external',
    title: 'forwarded, cached',
    data: 'cluster',
    rcode: 'NOERROR',
    queries: () => Array.from({ length: EXTERNAL_NAMES }, (_, i) => `${externalName(i)} A`),
  },
  {
    id: 'uncached',
    title: 'forwarded, new',
    data: 'cluster',
    rcode: 'NOERROR',
    fresh: true,
    queries: (_, run) =>
      Array.from({ length: FRESH_NAMES }, (_, i) => `api-${(run + 1) * FRESH_NAMES + i}.example.com A`),
  },
  {
    id: 'tcp',
    title: 'cluster: A over TCP, 50 connections',
    data: 'cluster',
    tcp: true,
    rcode: 'NOERROR',
    queries: (all) => clusterIp(all).map(asking('A')),
  },
  {
    id: 'plain',
    title: 'A records of a hosts file or zone',
    data: 'plain',
    rcode: 'NOERROR',
    queries: () => plainRecords.map(([name]) => `${name} A`),
  },
];

/** The row's queries in a fixed shuffled order, so that no server profits from neighbours. */
export function shuffledQueries(row: Row, services: readonly BenchService[], run = 0): string[] {
  const random = seededRandom(1);
  const keyed = row.queries(services, run).map((line) => [random(), line] as const);
  // A pod asks for the names of one lookup one after the other.
  return row.id === 'mix' ? keyed.map(([, line]) => line) : keyed.toSorted(([a], [b]) => a - b).map(([, line]) => line);
}

const clusterIp = (all: readonly BenchService[]) => all.filter((service) => service.clusterIp !== undefined);
const headless = (all: readonly BenchService[]) => all.filter((service) => service.clusterIp === undefined);
const nameOf = ({ name, namespace }: BenchService) => `${name}.${namespace}.svc.${ZONE}`;
const asking = (type: string) => (service: BenchService) => `${nameOf(service)} ${type}`;
const reverse = (address: string) => `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
const externalName = (i: number) => `api-${i % EXTERNAL_NAMES}.example.com`;

/**
 * The queries of a pod's resolver with `ndots:5` for a service of its namespace, a service of another namespace, and a host outside: every name of
 * the search list, for A and AAAA, until one exists.
 */
function podLookUps({ name, namespace }: BenchService, i: number): string[] {
  const search = [`${namespace}.svc.${ZONE}`, `svc.${ZONE}`, ZONE, NODE_DOMAIN];
  const tried = (relative: string, misses: number) =>
    search.slice(0, misses + 1).map((suffix) => `${relative}.${suffix}`);
  const names = [...tried(name, 0), ...tried(`${name}.${namespace}`, 1), ...tried(externalName(i), 3), externalName(i)];
  return names.flatMap((asked) => [`${asked} A`, `${asked} AAAA`]);
}
