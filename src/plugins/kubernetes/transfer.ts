import { forwardRecords } from '../../cluster/forward-records.ts';
import { reverseRecords } from '../../cluster/reverse-records.ts';
import { recordSettings, type Zone } from '../../cluster/zone.ts';
import { type ContentSettings, ownRecords } from '../../cluster/zone-content.ts';
import type { Name } from '../../dns/name.ts';
import type { Clock } from '../../observe/clock.ts';
import type { TransferSource } from '../../plugin/transfer.ts';
import { JournaledZone } from './journaled-zone.ts';

/** How long the changes of a zone are kept after the last query for a transfer. */
export const UNUSED_MS = 3_600_000;

/** The plugin's zones, for other servers to keep copies of, and the journals of those that are copied. */
export interface ClusterTransfers extends TransferSource {
  readonly journals: ReadonlyMap<Name, JournaledZone>;
  stop(): void;
}

/** The journals of zones cost nothing until somebody who may copies one of them. */
export function createTransfers(settings: ContentSettings, clock: Clock): ClusterTransfers {
  const { zones, primary } = settings;
  const zoneNamed = (name: Name) => zones.find((zone) => zone.name === name)!;
  const journals = new Map<Name, JournaledZone>();
  const usedMs = new Map<Name, number>();

  function journaled(zone: Zone): JournaledZone {
    const { name } = zone;
    usedMs.set(name, clock.monotonic());
    const known = journals.get(name);
    if (known) return known;
    const made = new JournaledZone(zone, settings, clock, () => {
      const isUnused = clock.monotonic() - usedMs.get(name)! > UNUSED_MS;
      if (isUnused) journals.delete(name);
      return isUnused;
    });
    journals.set(name, made);
    return made;
  }

  return {
    journals,
    zones: zones.map(({ name }) => name),
    zone(name, byDigest = false) {
      const zone = zoneNamed(name);
      if (!zone.cluster.registry.synced) return undefined;
      const records = recordSettings(zone, settings, primary);
      return journaled(zone).now(byDigest, () =>
        ownRecords(
          zone.isReverse ? reverseRecords(zone, records, primary) : forwardRecords(zone, records),
          name,
          zones,
        ),
      );
    },
    onChange: (name, listener) => zoneNamed(name).cluster.serial.onMove(listener),
    stop() {
      for (const zone of journals.values()) zone.stop();
      journals.clear();
    },
  };
}
