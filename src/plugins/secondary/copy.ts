import { CairnError, messageOf } from '../../base/errors.ts';
import type { Name } from '../../dns/name.ts';
import { isNewer } from '../../dns/serial.ts';
import { type Peer, printPeer } from '../../net/transport.ts';
import { UpstreamError } from '../../net/upstream/error.ts';
import type { Timer } from '../../observe/clock.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { type FetchedZone, fetchChanges, fetchSerial, fetchZone } from '../../zone/fetch.ts';
import { type HeldZone, holdZone } from '../../zone/held-zone.ts';
import type { Zone } from '../../zone/zone.ts';

/** The pauses before the first copy of a zone: from the first, doubled up to the last. */
export const FIRST_RETRY_MS = 250;
export const LAST_RETRY_MS = 10_000;
/** A primary server is not asked more often than this, whatever SOA records and NOTIFY messages say. */
export const MIN_INTERVAL_MS = 1000;
/** A random time up to this is added, so that many servers do not ask at once. */
const REFRESH_JITTER_MS = 5000;
const RETRY_JITTER_MS = 2000;

/** The functions that ask primary servers. */
export const FETCH = { serial: fetchSerial, zone: fetchZone, changes: fetchChanges };

export type Fetch = typeof FETCH;

interface CopySource {
  /** Folded. */
  readonly origin: Name;
  /** The primary servers, asked in this order. */
  readonly from: readonly Peer[];
  /** The functions that ask them. */
  readonly fetch?: Fetch;
}

/** A zone that is copied from primary servers. */
export interface ZoneCopy extends Kept {
  readonly held: HeldZone;
  /** Begins to copy; a second call has no effect. */
  start(): void;
}

/** Keeps a copy of a zone as its SOA record says: refresh, retry and expire (RFC 1034 §4.3.5), and on NOTIFY (RFC 1996). */
export function copyZone(source: CopySource, env: PluginEnv): ZoneCopy {
  const { origin, from } = source;
  const { clock, random } = env;
  const ending = new AbortController();
  const ask = askPrimaries(source, env, ending.signal);
  let copied: Zone | undefined; // kept when the copy expires
  let state: 'new' | 'waiting' | 'asking' = 'new';
  let wasNotified = false;
  let pauseMs = FIRST_RETRY_MS;
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: Timer | undefined;
  let expiry: Timer | undefined;

  const held = holdZone(origin, 'it was not copied yet', (client) => {
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
    wasNotified = false;
    lastMs = clock.monotonic();
    const found = await ask(held.zone);
    if (ending.signal.aborted) return;
    if (found !== 'failed') succeed(found);
    wait(wasNotified ? 0 : delayMs(found === 'failed'));
  }

  function succeed(found: FetchedZone | 'current'): void {
    if (found !== 'current') {
      copied = found.zone;
      held.replace(found.zone, found.differences);
    }
    const { expire } = copied!.soa.data;
    expiry?.cancel();
    expiry = clock.after(expire * 1000, () => {
      held.replace({ problem: `no primary server could be asked for ${expire} s, and the copy has expired` });
      env.log.error(`${origin}: ${held.problem}`);
    });
  }

  function delayMs(hasFailed: boolean): number {
    if (!copied) {
      const delay = pauseMs;
      pauseMs = Math.min(2 * pauseMs, LAST_RETRY_MS);
      return delay;
    }
    const { refresh: refreshSeconds, retry } = copied.soa.data;
    return hasFailed ? retry * 1000 + random() * RETRY_JITTER_MS : refreshSeconds * 1000 + random() * REFRESH_JITTER_MS;
  }

  return {
    held,
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

/** Whether a server that gave no differences may still give the zone: it has responded. */
function mayGiveWhole(thrown: unknown): boolean {
  if (thrown instanceof UpstreamError) return thrown.reason === 'malformed' || thrown.reason === 'closed';
  return thrown instanceof CairnError;
}

/**
 * A newer version than the present one, from the first server that has one; `current` if no server has a newer one, `failed` if no server responded.
 */
function askPrimaries(
  { origin, from, fetch = FETCH }: CopySource,
  { clock, log, metrics }: PluginEnv,
  signal: AbortSignal,
): (known: Zone | undefined) => Promise<FetchedZone | 'current' | 'failed'> {
  const family = metrics.counter(
    'cairn_secondary_refreshes_total',
    'Refreshes of a zone from its primary servers, by result.',
    ['zone', 'result'],
  );
  const [transferred, updated, current, failed] = ['transferred', 'updated', 'current', 'failed'].map((result) =>
    family.cell(origin, result),
  );
  const options = { clock, signal };
  /** Servers that gave no differences the last time. Next time they are asked for the whole zone. */
  const reluctant = new Set<Peer>();
  const transfer = async (peer: Peer, known: Zone | undefined): Promise<FetchedZone> => {
    try {
      if (known && !reluctant.delete(peer)) return await fetch.changes(known, peer, options);
    } catch (thrown) {
      reluctant.add(peer);
      if (!mayGiveWhole(thrown)) throw thrown;
      log.info(`${origin} is copied whole from ${printPeer(peer)}: IXFR failed: ${messageOf(thrown)}`);
    }
    return { zone: await fetch.zone(origin, peer, options) };
  };
  const problems = new Map<Peer, string>();

  return async (known) => {
    let isCurrent = false;
    for (const peer of from) {
      try {
        if (known && !isNewer(await fetch.serial(origin, peer, options), known.soa.data.serial)) {
          isCurrent = true;
          problems.delete(peer);
          continue; // another server may already have the new version
        }
        const fetched = await transfer(peer, known);
        const { zone, differences } = fetched;
        problems.delete(peer);
        (differences ? updated! : transferred!).value++;
        log.info(`${origin} has serial ${zone.soa.data.serial} from ${printPeer(peer)}: ${zone.size} records`);
        return fetched;
      } catch (thrown) {
        if (signal.aborted) return 'failed';
        const problem = messageOf(thrown);
        if (problems.get(peer) !== problem)
          log.warning(`${origin} cannot be copied from ${printPeer(peer)}: ${problem}`);
        problems.set(peer, problem);
      }
    }
    (isCurrent ? current! : failed!).value++;
    return isCurrent ? 'current' : 'failed';
  };
}
