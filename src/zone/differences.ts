import { setImmediate } from 'node:timers/promises';
import { foldName, type Name } from '../dns/name.ts';
import { printRdata } from '../dns/presentation.ts';
import { printType, type ResourceRecord } from '../dns/rr.ts';
import { ZoneBuilder, ZoneError } from './builder.ts';
import { patchZone } from './patch.ts';
import { contentOf, type SoaRecord, type Zone } from './zone.ts';

/** The difference between two versions of a zone (RFC 1995 §4). */
export interface Difference {
  readonly from: SoaRecord;
  /** Deleted records, without the SOA record. */
  readonly deleted: ResourceRecord[];
  readonly to: SoaRecord;
  readonly added: ResourceRecord[];
}

/** The number of records that are put into the new version before other work gets its turn. */
const RECORDS_A_TURN = 10_000;

/**
 * Applies differences to a zone, one after the other, and returns the new version; the zone itself stays as it is.
 *
 * @throws ZoneError (as a rejection) if they do not fit the zone, or each other.
 */
export async function applyDifferences(zone: Zone, differences: readonly Difference[]): Promise<Zone> {
  const changed = new Map<Name, Map<string, ResourceRecord>>();
  const recordsAt = (name: Name) => {
    const known = changed.get(name);
    if (known) return known;
    const records = new Map((zone.nodes.get(name) ?? []).flat().map((record) => [keyOf(record), record]));
    records.delete(keyOf(zone.soa));
    changed.set(name, records);
    return records;
  };
  let { soa } = zone;
  for (const { from, deleted, to, added } of differences) {
    if (from.data.serial !== soa.data.serial) {
      throw new ZoneError(`a difference begins with serial ${from.data.serial}, expecting ${soa.data.serial}`);
    }
    for (const record of deleted) {
      if (!recordsAt(foldName(record.name)).delete(keyOf(record)))
        throw unfit(record, 'should be deleted, but is not in the zone');
    }
    for (const record of added) {
      const records = recordsAt(foldName(record.name));
      if (records.has(keyOf(record))) throw unfit(record, 'should be added, but is already in the zone');
      records.set(keyOf(record), record);
    }
    soa = to;
  }
  const patched = patchZone(zone, soa, new Map([...changed].map(([name, records]) => [name, [...records.values()]])));
  if (patched) return patched;
  const builder = new ZoneBuilder(zone.origin);
  builder.add(soa);
  let count = 0;
  for (const record of contentOf(zone)) {
    if (changed.has(record.name)) continue;
    builder.add(record);
    if (++count % RECORDS_A_TURN === 0) await setImmediate();
  }
  for (const records of changed.values()) for (const record of records.values()) builder.add(record);
  return builder.finish();
}

function keyOf(record: ResourceRecord): string {
  return `${record.type} ${printRdata(record)}`;
}

function unfit(record: ResourceRecord, problem: string): ZoneError {
  return new ZoneError(`${record.name} ${printType(record.type)} ${problem}`);
}
