import { type ApexSettings, soaRecord } from '../../cluster/apex.ts';
import { forwardRecords } from '../../cluster/forward-records.ts';
import { reverseRecords } from '../../cluster/reverse-records.ts';
import { recordSettings, type Zone } from '../../cluster/zone.ts';
import { foldName, isAtOrBelow, type Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import type { TransferSource } from '../../plugin/transfer.ts';

/** What transfers need. */
interface TransferSettings extends ApexSettings {
  readonly zones: readonly Zone[];
  /** The zone that PTR records point into. */
  readonly primary: Name;
}

/** The plugin's zones, for other servers to keep copies of. */
export function createTransfers(settings: TransferSettings): TransferSource {
  const { zones, primary, ttl } = settings;
  const zoneNamed = (name: Name) => zones.find((zone) => zone.name === name)!;
  return {
    zones: zones.map(({ name }) => name),
    zone(name) {
      const zone = zoneNamed(name);
      const { registry, serial } = zone.cluster;
      if (!registry.synced) return undefined;
      const records = recordSettings(zone, settings, primary);
      return {
        serial: serial.value,
        soa: soaRecord(name, ttl, serial.value),
        records: () =>
          withoutZonesBelow(
            zone.isReverse ? reverseRecords(zone, records, primary) : forwardRecords(zone, records),
            name,
            zones,
          ),
      };
    },
    onChange: (name, listener) => zoneNamed(name).cluster.serial.onMove(listener),
  };
}

/** Leaves out names at or below another zone of the plugin, which belong to that zone. */
function* withoutZonesBelow(
  records: Iterable<ResourceRecord>,
  zone: Name,
  zones: readonly Zone[],
): Iterable<ResourceRecord> {
  const below = zones.map(({ name }) => name).filter((name) => name !== zone && isAtOrBelow(name, zone));
  for (const record of records) {
    if (!below.some((other) => isAtOrBelow(foldName(record.name), other))) yield record;
  }
}
