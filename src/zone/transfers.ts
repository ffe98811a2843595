import type { TransferSource } from '../plugin/transfer.ts';
import type { HeldZone } from './held-zone.ts';
import { contentOf } from './zone.ts';

/** Zones, for other servers to keep copies of. */
export function transferZones(held: () => readonly HeldZone[]): TransferSource {
  const named = (origin: string) => held().find((each) => each.origin === origin);
  return {
    get zones() {
      return held().map(({ origin }) => origin);
    },
    zone(origin) {
      const zone = named(origin)?.zone;
      return zone && { serial: zone.soa.data.serial, soa: zone.soa, records: () => contentOf(zone) };
    },
    onChange: (origin, listener) => named(origin)?.onSerial(listener) ?? (() => {}),
  };
}
