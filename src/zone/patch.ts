import { type Name, parentOf } from '../dns/name.ts';
import { DNAME, NS, NSEC, type ResourceRecord, RRSIG, SOA } from '../dns/rr.ts';
import { ZoneBuilder } from './builder.ts';
import { type Lookups, withChanges } from './overlay-map.ts';
import type { SoaRecord, Zone, ZoneNode } from './zone.ts';

/** The types that also change what the zone knows beside its nodes: delegations and signatures. */
const STRUCTURAL = new Set([NS.code, DNAME.code, NSEC.code, RRSIG.code]);

/**
 * The zone with other records at some names, at a cost that depends on these names only; undefined if more than their nodes would change.
 *
 * @param changed the records at each (folded) name after the change, the apex without its SOA record.
 * @throws ZoneError if the records cannot be in a zone
 */
export function patchZone(
  zone: Zone,
  soa: SoaRecord,
  changed: ReadonlyMap<Name, readonly ResourceRecord[]>,
): Zone | undefined {
  const { origin } = zone;
  if (zone.signedUntil !== undefined) return undefined;
  const builder = new ZoneBuilder(origin);
  builder.add(soa);
  const atApex = changed.get(origin) ?? (zone.nodes.get(origin) ?? []).flat().filter(({ type }) => type !== SOA.code);
  for (const [name, records] of new Map([...changed, [origin, atApex]])) {
    const old = zone.nodes.get(name) ?? [];
    if (name !== origin && [...old.flat(), ...records].some(({ type }) => STRUCTURAL.has(type))) return undefined;
    for (const record of records) builder.add(record);
  }
  const made = builder.finish();
  if (made.signedUntil !== undefined) return undefined;
  const nodes = new NodeChanges(zone);
  let { size } = zone;
  for (const name of new Set([...changed.keys(), origin])) {
    const node = made.nodes.get(name) ?? [];
    size += node.flat().length - (zone.nodes.get(name) ?? []).flat().length;
    nodes.set(name, node);
  }
  return nodes.finish({ ...zone, soa: made.soa, size });
}

/** The number of nodes directly below each name, for zones that were patched or made by it. */
const childCounts = new WeakMap<Zone, Lookups<Name, number>>();

function childCountsOf(zone: Zone): Lookups<Name, number> {
  let counts = childCounts.get(zone);
  if (!counts) {
    const made = new Map<Name, number>();
    for (const name of zone.nodes.keys()) {
      const above = name === zone.origin ? undefined : parentOf(name);
      if (above !== undefined) made.set(above, (made.get(above) ?? 0) + 1);
    }
    counts = made;
    childCounts.set(zone, counts);
  }
  return counts;
}

/** Changes of the nodes of a zone. A name exists as long as it has records, or a name below it exists (RFC 8020). */
class NodeChanges {
  private readonly zone: Zone;
  private readonly oldCounts: Lookups<Name, number>;
  private readonly nodes = new Map<Name, ZoneNode | undefined>();
  private readonly counts = new Map<Name, number | undefined>();

  constructor(zone: Zone) {
    this.zone = zone;
    this.oldCounts = childCountsOf(zone);
  }

  set(name: Name, node: ZoneNode): void {
    const isThere = this.get(name) !== undefined;
    if (node.length > 0 || this.countOf(name) > 0 || name === this.zone.origin) {
      this.nodes.set(name, node);
      if (!isThere) this.count(name, 1);
    } else if (isThere) {
      this.nodes.set(name, undefined);
      this.count(name, -1);
    }
  }

  finish(rest: Zone): Zone {
    const zone = { ...rest, nodes: withChanges(this.zone.nodes, this.nodes) };
    childCounts.set(zone, withChanges(this.oldCounts, this.counts));
    return zone;
  }

  /** Counts a node that came or went at the name above it, which comes or goes with the first and last of them. */
  private count(name: Name, step: 1 | -1): void {
    const above = parentOf(name)!;
    const count = this.countOf(above) + step;
    this.counts.set(above, count > 0 ? count : undefined);
    const node = this.get(above);
    if (node === undefined || (node.length === 0 && count === 0)) this.set(above, []);
  }

  private get(name: Name): ZoneNode | undefined {
    return this.nodes.has(name) ? this.nodes.get(name) : this.zone.nodes.get(name);
  }

  private countOf(name: Name): number {
    return (this.counts.has(name) ? this.counts.get(name) : this.oldCounts.get(name)) ?? 0;
  }
}
