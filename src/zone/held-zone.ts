import { Epoch } from '../base/epoch.ts';
import type { Name } from '../dns/name.ts';
import type { Peer } from '../net/transport.ts';
import type { Difference } from './differences.ts';
import { ZoneHistory } from './history.ts';
import { NameEpochs } from './name-epochs.ts';
import type { Zone } from './zone.ts';

/** The present version of a plugin's zone, which may come and go. */
export interface HeldZone {
  /** Folded. */
  readonly origin: Name;
  /** Where it comes from, for people, such as the path of its file. */
  readonly source: string;
  /** The version to answer from; undefined if there is none. */
  readonly zone: Zone | undefined;
  /** Why there is no version. */
  readonly problem: string;
  /** Moves with every change of the version. */
  readonly epoch: Epoch;
  /**
   * The epochs that move when the records of one of these (folded) names change; instead of {@link epoch}, for replies that depend on nothing else of the
   * zone.
   */
  epochsOf(names: readonly Name[]): readonly Epoch[];
  /**
   * Replaces the present version by another one, or by the reason why there is none. With the differences that it was made by, nothing is compared, and only
   * the epochs of names in them move.
   */
  replace(next: Zone | { readonly problem: string }, differences?: readonly Difference[]): void;
  /** The differences since the version with this serial; undefined if they are no longer known. */
  changesSince(serial: number): readonly Difference[] | undefined;
  /** Calls `listener` whenever the serial moves. Returns a function that ends it. */
  onSerial(listener: () => void): () => void;
  /** Handles a NOTIFY (RFC 1996), and returns whether the client may send it; undefined if no client may. */
  readonly notified?: ((client: Peer) => boolean) | undefined;
}

/** A zone without a version yet. */
export function holdZone(origin: Name, source: string, problem: string, notified?: HeldZone['notified']): HeldZone {
  const epoch = new Epoch();
  const listeners = new Set<() => void>();
  const history = new ZoneHistory();
  const epochs = new NameEpochs();
  const held: { zone: Zone | undefined; problem: string } = { zone: undefined, problem };
  return {
    ...{ origin, source, epoch, notified },
    get zone() {
      return held.zone;
    },
    get problem() {
      return held.problem;
    },
    epochsOf: (names) => names.map((name) => epochs.of(name)),
    replace(next, differences) {
      const before = held.zone;
      if ('problem' in next) Object.assign(held, { zone: undefined, problem: next.problem });
      else held.zone = next;
      epoch.move();
      if (before && held.zone && differences) epochs.moveIn(differences);
      else epochs.moveAll();
      history.add(before, held.zone, differences);
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
