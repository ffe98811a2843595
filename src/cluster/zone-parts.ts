import type { Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import type { RecordChange } from '../registry/change.ts';
import { type PlacedService, placeService, podRecords, serviceRecords } from './forward-records.ts';
import { targetsAt } from './reverse.ts';
import { addressesIn } from './reverse-prefixes.ts';
import { insideOf, pointerRecords } from './reverse-records.ts';
import type { Zone, ZoneRecords } from './zone.ts';

/**
 * The parts of a zone's content by key: what the records of each part are made from, and not the records. So what was and what is can be compared
 * without keeping the records of a zone.
 */
export interface Parts<V> {
  /** The keys of all parts that there are now, perhaps with some that are not. */
  keys(): Iterable<string>;
  /** The keys of the parts that a change of the registry may have altered. */
  touchedBy(change: RecordChange): Iterable<string>;
  /** What the part is made from now; undefined if it is not there. It never changes. */
  now(key: string): V | undefined;
  records(key: string, value: V): Iterable<ResourceRecord>;
}

/** Neither namespaces nor names of objects hold one. */
const SEPARATOR = '/';

const keyOf = (namespace: string, name: string): string => namespace + SEPARATOR + name;

function partsOf(key: string): readonly [namespace: string, name: string] {
  const at = key.indexOf(SEPARATOR);
  return [key.slice(0, at), key.slice(at + 1)];
}

const present = <T>({ before, after }: { before: T | undefined; after: T | undefined }): T[] =>
  [before, after].filter((record) => record !== undefined);

/** Services with their endpoints. */
export function serviceParts({ name: zone, cluster }: Zone, settings: ZoneRecords): Parts<PlacedService> {
  const { services, exposes } = cluster;
  const ofSet = cluster.rules === 'cluster-set';
  const keys = () => Array.from(services.services(), ({ namespace, name }) => keyOf(namespace, name));
  return {
    keys,
    touchedBy(change) {
      switch (change.kind) {
        case 'namespace': {
          const start = keyOf(present(change)[0]!.name, '');
          return keys().filter((key) => key.startsWith(start));
        }
        case ofSet ? 'import' : 'service':
          return present(change as RecordChange & { kind: 'service' }).map(({ namespace, name }) =>
            keyOf(namespace, name),
          );
        case ofSet ? 'imported-slice' : 'slice':
          return present(change as RecordChange & { kind: 'slice' }).map((slice) =>
            keyOf(slice.namespace, slice.service),
          );
        default:
          return [];
      }
    },
    now(key) {
      const [namespace, name] = partsOf(key);
      const service = exposes(namespace) ? services.service(namespace, name) : undefined;
      return service && placeService(cluster, service);
    },
    records: (_, placed) => serviceRecords(placed, zone, cluster, settings),
  };
}

/** The addresses of pods, in each namespace, if the view shows them. */
export function podParts({ name: zone, cluster }: Zone, { ttl }: ZoneRecords): Parts<true> {
  const { registry, options, exposes } = cluster;
  const pods = () => (options.pods === 'verified' ? registry.pods() : []);
  const keysOf = ({ namespace, ips }: { readonly namespace: string; readonly ips: readonly string[] }) =>
    ips.map((ip) => keyOf(namespace, ip));
  return {
    keys: () => [...pods()].flatMap(keysOf),
    touchedBy(change) {
      if (options.pods !== 'verified') return [];
      if (change.kind === 'pod') return present(change).flatMap(keysOf);
      if (change.kind !== 'namespace') return [];
      const { name } = present(change)[0]!;
      return [...pods()].filter(({ namespace }) => namespace === name).flatMap(keysOf);
    },
    now(key) {
      const [namespace, ip] = partsOf(key);
      return (exposes(namespace) && registry.podsAt(ip).some((pod) => pod.namespace === namespace)) || undefined;
    },
    records(key) {
      const [namespace, ip] = partsOf(key);
      return podRecords([{ namespace, ips: [ip] }], zone, ttl);
    },
  };
}

/** The addresses of a reverse zone, each with the names that its PTR records lead to. */
export function addressParts(
  { name: zone, cluster }: Zone,
  { ttl }: ZoneRecords,
  primary: Name,
): Parts<readonly Name[]> {
  const { registry } = cluster;
  const isInside = insideOf(zone);
  const suffix = primary === '.' ? '' : primary;
  return {
    *keys() {
      for (const { clusterIPs } of registry.services()) yield* clusterIPs.filter(isInside);
      for (const { endpoints } of registry.slices())
        for (const { address } of endpoints) if (isInside(address)) yield address;
    },
    touchedBy: (change) => addressesIn(change, registry).filter(isInside),
    now(address) {
      const targets = targetsAt(cluster, address, suffix);
      return targets.length > 0 ? targets : undefined;
    },
    records: (address, targets) => pointerRecords(address, targets, ttl),
  };
}
