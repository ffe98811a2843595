import { perObject } from '../base/per-object.ts';
import type { Name } from '../dns/name.ts';
import { type ResourceRecord, rr, SRV } from '../dns/rr.ts';
import type { Portion } from '../plugin/portion.ts';
import { NO_PORT } from '../registry/records.ts';
import type { Backends } from './contents.ts';
import { addressRecord } from './records.ts';

/** The target of SRV records. */
interface SrvTarget {
  readonly ports: readonly number[];
  readonly addresses: readonly string[];
}

interface Targets {
  readonly weight: number;
  readonly list: readonly (SrvTarget & { readonly label: string })[];
  /** The names of the first hosts, below the zone of the last query. */
  names: readonly Name[];
  zone: Name | undefined;
}

/** The records of one name, and the addresses of its hosts. */
interface SrvRecords {
  readonly answer: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}

/**
 * One SRV record for each host and port, with the hosts' addresses. Hosts lie below `zone`.
 *
 * All records share the weight 100. Each pair of address and port has an equal share, before pairs with the same record are merged.
 */
export function srvRecords(backends: Backends, owner: Name, zone: Name, ttl: number, portion: Portion): SrvRecords {
  const targets = targetsOf(backends);
  const { list, weight } = targets;
  const names = namesOf(targets, backends, zone, Math.min(list.length, portion.targets));
  return srvRecordsTo(list, names, owner, { weight, ttl, portion });
}

/** One record for each target and port, for at most the portion's number of targets; `names` are the names of the targets. */
export function srvRecordsTo(
  targets: readonly SrvTarget[],
  names: readonly Name[],
  owner: Name,
  { weight, ttl, portion }: { readonly weight: number; readonly ttl: number; readonly portion: Portion },
): SrvRecords {
  const isWhole = targets.length <= portion.targets;
  const answer: ResourceRecord[] = [];
  const additional: ResourceRecord[] = [];
  targets.slice(0, portion.targets).forEach(({ ports, addresses }, i) => {
    const target = names[i]!;
    for (const port of ports) answer.push(rr(SRV, owner, ttl, { priority: 0, weight, port, target }));
    // If the records are truncated, the addresses would be left out first.
    if (isWhole) for (const address of addresses) additional.push(addressRecord(address, target, ttl));
  });
  return { answer, additional };
}

const targetsOf = perObject(({ list }: Backends): Targets => {
  const targets = new Map<string, { readonly ports: Set<number>; readonly addresses: Set<string> }>();
  let pairs = 0;
  for (const { label, address, ports } of list) {
    for (const { port } of ports) {
      if (port === NO_PORT) continue;
      let target = targets.get(label);
      if (!target) {
        target = { ports: new Set(), addresses: new Set() };
        targets.set(label, target);
      }
      target.ports.add(port);
      target.addresses.add(address);
      pairs++;
    }
  }
  return {
    weight: weightOf(pairs),
    list: [...targets].map(([label, { ports, addresses }]) => ({
      label,
      ports: [...ports],
      addresses: [...addresses],
    })),
    names: [],
    zone: undefined,
  };
});

/** The names of at least the first `count` targets. */
function namesOf(targets: Targets, { service, namespace }: Backends, zone: Name, count: number): readonly Name[] {
  if (targets.zone !== zone || targets.names.length < count) {
    const base = `${service}.${namespace}.svc.${zone === '.' ? '' : zone}`;
    targets.zone = zone;
    targets.names = targets.list.slice(0, count).map(({ label }) => (label === '' ? base : `${label}.${base}`));
  }
  return targets.names;
}

/** The weight of each of `count` records: its share of 100. */
export function weightOf(count: number): number {
  return Math.max(1, Math.floor(100 / count));
}
