import type { Name } from '../../dns/name.ts';
import { type ResourceRecord, rr, SRV } from '../../dns/rr.ts';
import { NO_PORT } from '../../registry/records.ts';
import { addressRecords } from './address-records.ts';
import type { Backends } from './contents.ts';

/** What SRV records say of one host. */
interface Target {
  readonly ports: Set<number>;
  readonly addresses: Set<string>;
}

/**
 * One SRV record for each host and port, with the hosts' addresses. Hosts lie below `zone`.
 *
 * All share the weight 100, which counts pairs of address and port before those that lead to the same record are merged.
 */
export function srvRecords(
  backends: Backends,
  owner: Name,
  zone: Name,
  ttl: number,
): { answer: readonly ResourceRecord[]; additional: readonly ResourceRecord[] } {
  const targets = new Map<string, Target>();
  let pairs = 0;
  for (const { label, address, ports } of backends.list) {
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
  const weight = Math.max(1, Math.floor(100 / pairs));
  const base = `${backends.service}.${backends.namespace}.svc.${zone === '.' ? '' : zone}`;
  const answer: ResourceRecord[] = [];
  const additional: ResourceRecord[] = [];
  for (const [label, { ports, addresses }] of targets) {
    const target = label === '' ? base : `${label}.${base}`;
    for (const port of ports) answer.push(rr(SRV, owner, ttl, { priority: 0, weight, port, target }));
    additional.push(...addressRecords([...addresses], target, ttl));
  }
  return { answer, additional };
}
