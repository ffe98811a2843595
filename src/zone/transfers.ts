import type { TransferSource } from '../plugin/transfer.ts';
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
      const zone = named(origin)?.zone;
      return zone && { serial: zone.soa.data.serial, soa: zone.soa, records: () => contentOf(zone) };
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
