import { Epoch } from '../base/epoch.ts';
import type { Name } from '../dns/name.ts';
import type { Peer } from '../net/transport.ts';
import type { Difference } from './differences.ts';
import { ZoneHistory } from './history.ts';
import type { Zone } from './zone.ts';

/** What a plugin has of a zone, as it comes and goes. */
export interface HeldZone {
  /** Folded. */
  readonly origin: Name;
  /** The version to answer from; undefined while there is none. */
  readonly zone: Zone | undefined;
  /** Why there is no version. */
  readonly problem: string;
  /** Moves with every change of the version. */
  readonly epoch: Epoch;
  /** Puts another version, or the reason why there is none, in the place of the present one. */
  replace(next: Zone | { readonly problem: string }): void;
  /** What has changed since the version with this serial; undefined if that is not known any more. */
  changesSince(serial: number): readonly Difference[] | undefined;
  /** Calls `listener` whenever the serial moves. Returns how to end that. */
  onSerial(listener: () => void): () => void;
  /** Takes a NOTIFY (RFC 1996) and says whether the client is one who may send it; undefined where nobody may. */
  readonly notified?: ((client: Peer) => boolean) | undefined;
}

/** A zone without a version yet. */
export function holdZone(origin: Name, problem: string, notified?: HeldZone['notified']): HeldZone {
  const epoch = new Epoch();
  const listeners = new Set<() => void>();
  const history = new ZoneHistory();
  const held: { zone: Zone | undefined; problem: string } = { zone: undefined, problem };
  return {
    ...{ origin, epoch, notified },
    get zone() {
      return held.zone;
    },
    get problem() {
      return held.problem;
    },
    replace(next) {
      const before = held.zone;
      if ('problem' in next) Object.assign(held, { zone: undefined, problem: next.problem });
      else held.zone = next;
      epoch.move();
      history.add(before, held.zone);
      if (held.zone && held.zone.soa.data.serial !== before?.soa.data.serial)
        for (const listener of listeners) listener();
    },
    changesSince: (serial) => history.since(serial),
    onSerial(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
