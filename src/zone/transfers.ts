import type { ResourceRecord } from '../dns/rr.ts';
import type { TransferSource } from '../plugin/transfer.ts';
import type { Difference } from './differences.ts';
import type { HeldZone } from './held-zone.ts';
import { contentOf } from './zone.ts';

/** Zones, for other servers to keep copies of. */
export function transferZones(held: () => readonly HeldZone[], onZones?: TransferSource['onZones']): TransferSource {
  const named = (origin: string) => held().find((each) => each.origin === origin);
  return {
    get zones() {
      return held().map(({ origin }) => origin);
    },
    zone(origin) {
      const held = named(origin);
      const zone = held?.zone;
      return (
        zone && {
          ...{ serial: zone.soa.data.serial, soa: zone.soa },
          records: () => contentOf(zone),
          changesSince(serial) {
            const differences = held.changesSince(serial);
            return differences && recordsOf(differences);
          },
        }
      );
    },
    onChange(origin, listener) {
      let held = named(origin);
      let end = held?.onSerial(listener);
      // The zone may go and come again, from another file.
      const endZones = onZones?.(() => {
        const now = named(origin);
        if (now === held) return;
        end?.();
        held = now;
        end = now?.onSerial(listener);
        if (now) listener();
      });
      return () => {
        end?.();
        endZones?.();
      };
    },
    ...(onZones && { onZones }),
  };
}

/** RFC 1995 §4: what goes behind the SOA record of the older version, what comes behind that of the newer. */
function* recordsOf(differences: readonly Difference[]): Generator<ResourceRecord, void> {
  for (const { from, deleted, to, added } of differences) {
    yield from;
    yield* deleted;
    yield to;
    yield* added;
  }
}
