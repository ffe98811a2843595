import type { Name } from '../dns/name.ts';
import { printRdata } from '../dns/presentation.ts';
import { type ResourceRecord, SOA } from '../dns/rr.ts';
import { isNewer } from '../dns/serial.ts';
import type { Difference } from './differences.ts';
import type { Zone, ZoneNode } from './zone.ts';

/** So many of the last differences of a zone are kept, */
export const MAX_DIFFERENCES = 16;
/** and so many records in all of them: for larger ones, other servers copy the zone. */
export const MAX_DIFFERENCE_RECORDS = 10_000;
/** Larger zones are not compared, as that takes the time of others. */
const MAX_COMPARED_RECORDS = 200_000;

/** What has changed from version to version of a zone, as far back as it is kept. */
export class ZoneHistory {
  private differences: readonly Difference[] = [];

  /** Takes note of a new version, which has no past if there was none before it. */
  add(before: Zone | undefined, after: Zone | undefined): void {
    const isNext = before && after && isNewer(after.soa.data.serial, before.soa.data.serial);
    const difference = isNext ? compare(before, after) : undefined;
    if (!difference) {
      this.differences = [];
      return;
    }
    const kept = [...this.differences, difference].slice(-MAX_DIFFERENCES);
    while (kept.reduce((sum, each) => sum + countOf(each), 0) > MAX_DIFFERENCE_RECORDS) kept.shift();
    this.differences = kept;
  }

  /** What makes the version with this serial the present one; undefined if that is not known any more. */
  since(serial: number): readonly Difference[] | undefined {
    const at = this.differences.findIndex(({ from }) => from.data.serial === serial);
    return at === -1 ? undefined : this.differences.slice(at);
  }
}

function countOf({ deleted, added }: Difference): number {
  return deleted.length + added.length + 2;
}

/** Undefined where a difference is not worth its making: it would be large, or the zones are. */
function compare(before: Zone, after: Zone): Difference | undefined {
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
  return difference;
}

/** Whether the nodes have the same records in the same order, which most have. */
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

/** The records of a node that another one has not, the SOA aside. */
function missing(node: ZoneNode, other: ZoneNode): ResourceRecord[] {
  const keyOf = (record: ResourceRecord) => `${record.type} ${record.ttl} ${printRdata(record)}`;
  const known = new Set(other.flat().map(keyOf));
  return node.flat().filter((record) => record.type !== SOA.code && !known.has(keyOf(record)));
}
