import { setImmediate } from 'node:timers/promises';
import type { Name } from '../../dns/name.ts';
import { isNewer } from '../../dns/serial.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { TransferableZone, TransferSource } from '../../plugin/transfer.ts';
import type { KnownVersion } from '../../zone/journal.ts';
import { Pace } from './pace.ts';

/** The maximum number of queries of a listener that wait for newer versions. One more, and the one that has waited longest is answered. */
export const MAX_WAITING = 10_000;
/** The minimum time between two versions of a zone for queries that wait, however often it changes. */
export const MIN_INTERVAL_MS = 100;
/** The number of queries about a zone that are answered at once; the others are answered {@link MIN_INTERVAL_MS} later. */
export const MAX_AT_ONCE = 200;
/** The number of them that are answered in one turn. Other queries are answered in between. */
const IN_A_TURN = 25;
/** How long changes of a zone are still followed after the last query that waited. */
const UNUSED_MS = 60_000;

/** Whether a version is another one than the client's. If both have digests, these decide, and not the serials. */
export function isNewTo({ serial, digest }: KnownVersion, known: KnownVersion): boolean {
  return digest !== undefined && known.digest !== undefined ? digest !== known.digest : isNewer(serial, known.serial);
}

interface Waiter {
  readonly known: KnownVersion;
  readonly timer: Timer;
  /** Lets the query be answered. */
  release(): void;
}

/** Queries for zones that wait until there is a version that is new to their clients. */
export class Followers {
  private readonly clock: Clock;
  private readonly waiting: Cell;
  private readonly most: number;
  private readonly zones = new Map<Name, FollowedZone>();
  /** All of all zones, in the order in which they came. */
  private readonly waiters = new Set<Waiter>();
  private isStopped = false;

  /** @param waiting the number of queries that wait, to be seen in metrics. */
  constructor(clock: Clock, waiting: Cell, most = MAX_WAITING) {
    this.clock = clock;
    this.waiting = waiting;
    this.most = most;
  }

  /** Resolves when the zone has a version that is new to the client, when the time is over, or when there is no more room. */
  wait(zone: Name, source: TransferSource, known: KnownVersion, seconds: number): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    if (this.waiters.size >= this.most) this.waiters.values().next().value?.release();
    return new Promise((resolve) => {
      const followed = this.followed(zone, source);
      const waiter: Waiter = {
        known,
        timer: this.clock.after(seconds * 1000, () => waiter.release()),
        release: () => {
          waiter.timer.cancel();
          this.waiters.delete(waiter);
          followed.waiters.delete(waiter);
          this.waiting.value = this.waiters.size;
          resolve();
        },
      };
      this.waiters.add(waiter);
      this.waiting.value = this.waiters.size;
      followed.add(waiter);
    });
  }

  /** Has all queries answered, and lets none wait any more. */
  stop(): void {
    this.isStopped = true;
    for (const waiter of this.waiters) waiter.release();
    for (const zone of this.zones.values()) zone.stop();
    this.zones.clear();
  }

  private followed(zone: Name, source: TransferSource): FollowedZone {
    const known = this.zones.get(zone);
    if (known) return known;
    const made = new FollowedZone(zone, source, this.clock, () => this.zones.delete(zone));
    this.zones.set(zone, made);
    return made;
  }
}

/** A zone with queries that wait. */
class FollowedZone {
  readonly waiters = new Set<Waiter>();
  private readonly zone: Name;
  private readonly source: TransferSource;
  private readonly clock: Clock;
  private usedMs = 0;
  private readonly pace: Pace;
  private readonly unsubscribe: () => void;
  /** The version at the last look; undefined if that is too long ago. */
  private last: TransferableZone | undefined;

  /** @param onUnused called after a change for which no query waits. */
  constructor(zone: Name, source: TransferSource, clock: Clock, onUnused: () => void) {
    this.zone = zone;
    this.source = source;
    this.clock = clock;
    this.pace = new Pace(clock, MIN_INTERVAL_MS, () => void this.look());
    this.unsubscribe = source.onChange(zone, () => {
      if (this.waiters.size > 0) return this.pace.soon();
      this.last = undefined;
      if (clock.monotonic() - this.usedMs <= UNUSED_MS) return;
      this.stop();
      onUnused();
    });
  }

  add(waiter: Waiter): void {
    this.usedMs = this.clock.monotonic();
    this.waiters.add(waiter);
    if (!this.last || isNewTo(this.last, waiter.known)) this.pace.soon(0);
  }

  stop(): void {
    this.pace.stop();
    this.unsubscribe();
  }

  /** Has the queries answered to whose clients the present version is new, the longest waiting first. */
  private async look(): Promise<void> {
    const byDigest = [...this.waiters].every(({ known }) => known.digest !== undefined);
    const version = this.source.zone(this.zone, byDigest);
    this.last = version;
    if (!version) return;
    if (version.digesting) return void version.digesting.then(() => this.pace.soon(0));
    const due = [...this.waiters].filter(({ known }) => isNewTo(version, known));
    if (due.length > MAX_AT_ONCE) this.pace.soon(0);
    for (const [i, waiter] of due.slice(0, MAX_AT_ONCE).entries()) {
      if (i > 0 && i % IN_A_TURN === 0) await setImmediate();
      waiter.release();
    }
  }
}
