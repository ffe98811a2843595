import type { WatchStatus } from '../../admin/protocol/index.ts';
import { listed } from '../../base/listed.ts';
import { printPeer } from '../../net/transport.ts';
import type { Timer } from '../../observe/clock.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import type { FetchedZone } from '../../zone/fetch.ts';
import { type HeldZone, holdZone } from '../../zone/held-zone.ts';
import { zoneWatch } from '../../zone/status.ts';
import type { Zone } from '../../zone/zone.ts';
import { Primaries, type PrimarySource } from './primaries.ts';

/** The pauses before the first copy of a zone: from the first, doubled up to the last. */
export const FIRST_RETRY_MS = 250;
export const LAST_RETRY_MS = 10_000;
/** A primary server is not asked more often than this, whatever SOA records and NOTIFY messages say. */
export const MIN_INTERVAL_MS = 1000;
/** A random time up to this is added, so that many servers do not ask at once. */
const REFRESH_JITTER_MS = 5000;
const RETRY_JITTER_MS = 2000;

/** A zone that is copied from primary servers. */
export interface ZoneCopy extends Kept {
  readonly held: HeldZone;
  status(): WatchStatus;
  /** Begins to copy; a second call has no effect. */
  start(): void;
}

/** Keeps a copy of a zone as its SOA record says: refresh, retry and expire (RFC 1034 §4.3.5), and on NOTIFY (RFC 1996). */
export function copyZone(source: PrimarySource, env: PluginEnv): ZoneCopy {
  const { origin, from } = source;
  const { clock, random } = env;
  const ending = new AbortController();
  const primaries = new Primaries(source, env, ending.signal);
  let copied: Zone | undefined; // kept when the copy expires
  let state: 'new' | 'waiting' | 'asking' = 'new';
  let wasNotified = false;
  let pauseMs = FIRST_RETRY_MS;
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;
  let expiry: Timer | undefined;
  /** When a primary server last confirmed the copy, and when it expires, on the clock's monotonic scale. */
  let confirmedAtMs: number | undefined;
  let expiresAtMs: number | undefined;

  const held = holdZone(origin, `a copy from ${from.map(printPeer).join(', ')}`, 'it was not copied yet', (client) => {
    if (!from.some(({ address }) => address === client.address)) return false;
    wasNotified = true;
    if (state === 'waiting') wait(0);
    return true;
  });

  function wait(delayMs: number): void {
    timer?.cancel();
    state = 'waiting';
    const soonestMs = lastMs + MIN_INTERVAL_MS - clock.monotonic();
    timer = clock.after(copied ? Math.max(delayMs, soonestMs) : delayMs, () => void refresh());
  }

  async function refresh(): Promise<void> {
    state = 'asking';
    for (let isNext = true; isNext; ) {
      wasNotified = false;
      lastMs = clock.monotonic();
      const isFirst = !copied;
      const found = await primaries.ask(held.zone);
      if (ending.signal.aborted) return;
      if (found !== 'failed') succeed(found);
      // A server that is followed has the next query wait for the next version. A whole copy is not what it should give each time.
      isNext = typeof found === 'object' && primaries.isFollowed && (isFirst || found.differences !== undefined);
      if (!isNext) wait(wasNotified ? 0 : delayMs(found === 'failed'));
    }
  }

  function succeed(found: FetchedZone | 'current'): void {
    if (found !== 'current') {
      copied = found.zone;
      held.replace(found.zone, found.differences);
    }
    if (primaries.isFollowed) pauseMs = FIRST_RETRY_MS;
    const { expire } = copied!.soa.data;
    confirmedAtMs = clock.monotonic();
    expiresAtMs = confirmedAtMs + expire * 1000;
    expiry?.cancel();
    expiry = clock.after(expire * 1000, () => {
      held.replace({ problem: `no primary server could be asked for ${expire} s, and the copy has expired` });
      env.log.error(`${origin}: ${held.problem}`);
    });
  }

  function delayMs(hasFailed: boolean): number {
    if (!copied || (hasFailed && primaries.isFollowed)) {
      const delay = pauseMs;
      pauseMs = Math.min(2 * pauseMs, LAST_RETRY_MS);
      // Many servers have lost the same one.
      return copied ? delay * (1 + random()) : delay;
    }
    if (primaries.isFollowed) return 0;
    const { refresh: refreshSeconds, retry } = copied.soa.data;
    return hasFailed ? retry * 1000 + random() * RETRY_JITTER_MS : refreshSeconds * 1000 + random() * REFRESH_JITTER_MS;
  }

  function status(): WatchStatus {
    const { problem } = primaries;
    const isAwaited = problem === undefined && !copied;
    const name = listed(from.map(printPeer));
    const watch = zoneWatch(held, { name, seenAtMs: confirmedAtMs, problem, isAwaited }, clock);
    if (expiresAtMs === undefined) return watch;
    return { ...watch, expiresInSeconds: (expiresAtMs - clock.monotonic()) / 1000 };
  }

  return {
    held,
    status,
    start() {
      if (state === 'new') void refresh();
    },
    stop() {
      ending.abort(new Error('the zone is not copied any more'));
      timer?.cancel();
      expiry?.cancel();
    },
  };
}
