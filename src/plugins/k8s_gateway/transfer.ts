import type { DeclaredNames } from '../../declared/declared-names.ts';
import { longestZone, type Name } from '../../dns/name.ts';
import { NS, QType, type ResourceRecord, SOA } from '../../dns/rr.ts';
import type { TransferSource } from '../../plugin/transfer.ts';
import { type ApexSettings, nsRecords, soaRecord } from './apex.ts';
import { aliasOf, recordsOf } from './records.ts';

/** What transfers need. */
export interface TransferSettings {
  readonly names: DeclaredNames;
  readonly zones: readonly Name[];
  readonly apex: ApexSettings;
}

/** The zones, as clients outside of the cluster see them, for other servers to keep copies of. `settings` gives nothing before the plugin is at work. */
export function createTransfers(zones: readonly Name[], settings: () => TransferSettings | undefined): TransferSource {
  return {
    zones,
    zone(zone) {
      const known = settings();
      if (!known?.names.synced) return undefined;
      const { names, apex } = known;
      return { serial: names.serial.unique(), soa: soaRecord(zone, apex), records: () => contentsOf(zone, known) };
    },
    onChange: (_, listener) => settings()?.names.serial.onMove(listener) ?? (() => {}),
  };
}

/** All records of a zone but its SOA record, as they are now. */
function contentsOf(zone: Name, { names, zones, apex }: TransferSettings): Iterable<ResourceRecord> {
  const { answer, additional } = nsRecords(zone, apex);
  const servers = new Set(answer.map(({ data }) => (data as { readonly target: Name }).target));
  // Where each name leads is read now, and its records are made when they are taken.
  const standing = names.claimed().flatMap(({ source, claims }) => {
    if (longestZone(source, zones) !== zone || servers.has(source)) return [];
    return { source, destination: names.answer(claims, source, 'outside').destination };
  });
  return (function* () {
    yield* [...answer, ...additional];
    for (const { source, destination } of standing) {
      const isApex = source === zone;
      // The zone itself cannot have a CNAME record, and its SOA and NS records are those of the server.
      if (isApex && aliasOf(destination) !== undefined) continue;
      for (const record of recordsOf(destination, QType.ANY, source, apex.ttl)) {
        if (!isApex || (record.type !== SOA.code && record.type !== NS.code)) yield record;
      }
    }
  })();
}
