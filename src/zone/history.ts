import type { Name } from '../dns/name.ts';
import { printRdata } from '../dns/presentation.ts';
import { type ResourceRecord, SOA } from '../dns/rr.ts';
import { isNewer } from '../dns/serial.ts';
import type { Difference } from './differences.ts';
import type { Zone, ZoneNode } from './zone.ts';

/** The maximum number of differences of a zone that are kept. */
export const MAX_DIFFERENCES = 16;
/** The maximum number of records in all of them. For larger differences, other servers copy the whole zone. */
export const MAX_DIFFERENCE_RECORDS = 10_000;
/** The maximum size of zones that are compared: comparing takes time in which no query is answered. */
const MAX_COMPARED_RECORDS = 200_000;

/** The differences between the last versions of a zone. */
export class ZoneHistory {
  private differences: readonly Difference[] = [];

  /** Adds a new version, made by `known` or compared; without a version before it, the history starts again. */
  add(before: Zone | undefined, after: Zone | undefined, known?: readonly Difference[]): void {
    const isNext = before && after && isNewer(after.soa.data.serial, before.soa.data.serial);
    const differences = isNext ? (known ?? compare(before, after)) : undefined;
    if (!differences) {
      this.differences = [];
      return;
    }
    const kept = [...this.differences, ...differences].slice(-MAX_DIFFERENCES);
    while (kept.reduce((sum, each) => sum + countOf(each), 0) > MAX_DIFFERENCE_RECORDS) kept.shift();
    this.differences = kept;
  }

  /** The differences from the version with this serial to the present one; undefined if they are no longer known. */
  since(serial: number): readonly Difference[] | undefined {
    const at = this.differences.findIndex(({ from }) => from.data.serial === serial);
    return at === -1 ? undefined : this.differences.slice(at);
  }
}

function countOf({ deleted, added }: Difference): number {
  return deleted.length + added.length + 2;
}

/** The difference between two versions; undefined if it or the zones are too large. */
function compare(before: Zone, after: Zone): readonly Difference[] | undefined {
  if (before.size + after.size > 2 * MAX_COMPARED_RECORDS) return undefined;
  const difference: Difference = { from: before.soa, deleted: [], to: after.soa, added: [] };
  const names = new Set<Name>([...before.nodes.keys(), ...after.nodes.keys()]);
  for (const name of names) {
    const [old, now] = [before.nodes.get(name) ?? [], after.nodes.get(name) ?? []];
    if (isSameNode(old, now)) continue;
    difference.deleted.push(...missing(old, now));
    difference.added.push(...missing(now, old));
    if (countOf(difference) > MAX_DIFFERENCE_RECORDS) return undefined;
  }
  return [difference];
}

/** Whether the nodes have the same records in the same order, as most have. */
function isSameNode(a: ZoneNode, b: ZoneNode): boolean {
  return (
    a.length === b.length &&
    a.every((rrset, i) => rrset.length === b[i]!.length && rrset.every((record, j) => isSameRecord(record, b[i]![j]!)))
  );
}

function isSameRecord(a: ResourceRecord, b: ResourceRecord): boolean {
  if (a.type !== b.type || a.ttl !== b.ttl) return false;
  const [left, right] = [a.data, b.data] as [Record<string, unknown>, Record<string, unknown>];
  return Object.keys(left).every((key) => left[key] === right[key]) || printRdata(a) === printRdata(b);
}

/** The records of a node that another one does not have, without the SOA record. */
function missing(node: ZoneNode, other: ZoneNode): ResourceRecord[] {
  const keyOf = (record: ResourceRecord) => `${record.type} ${record.ttl} ${printRdata(record)}`;
  const known = new Set(other.flat().map(keyOf));
  return node.flat().filter((record) => record.type !== SOA.code && !known.has(keyOf(record)));
}
