import { createHash } from 'node:crypto';
import type { Clock } from '../../observe/clock.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { SnapshotError } from '../../snapshot/file.ts';
import { claimSnapshot, type SnapshotContents, SnapshotKeeper, type SnapshotLines } from '../../snapshot/keeper.ts';
import { snapshotMetrics } from '../../snapshot/metrics.ts';
import { type Entry, entryFrom, packedOf, type SavedReply } from './entry.ts';
import type { Store } from './store.ts';

/** Entries end by themselves; this is for files that nobody has used for long. */
const MAX_AGE_MS = 24 * 3_600_000;
/** A reply from later than this after now was kept when the clock was another one. */
const MAX_AHEAD_MS = 5000;

/** An entry as a line: its key, what it says, when it was stored (wall clock), and its records in base64. */
type Line = readonly [key: string, saved: SavedReply, storedAtMs: number, records: string];

/** An entry that was read. */
type Saved = readonly [key: string, entry: Entry];

/**
 * Keeps the replies of a cache from one process to the next.
 *
 * @param chain what the replies depend on beside the question: the cache of another chain is not used
 */
export function keepReplies(
  path: string,
  chain: string,
  store: Store,
  env: PluginEnv,
): SnapshotKeeper<readonly Saved[]> {
  const { clock, log, metrics } = env;
  claimSnapshot(path, chain, env.shared);
  const keeper = new SnapshotKeeper({ path, maxAgeMs: MAX_AGE_MS }, contentsOf(store, chain, clock), {
    ...{ clock, log, metrics: snapshotMetrics(metrics, path) },
  });
  store.onChange = () => keeper.changed();
  return keeper;
}

/** Puts the replies of a snapshot into the store, then writes snapshots. */
export async function restoreReplies(
  keeper: SnapshotKeeper<readonly Saved[]>,
  store: Store,
  env: PluginEnv,
): Promise<void> {
  const saved = (await keeper.restore()) ?? [];
  for (const [key, entry] of saved) store.store(key, entry);
  if (saved.length > 0) env.log.info(`${saved.length} replies of the last process are in the cache`);
  keeper.start();
}

function contentsOf(store: Store, chain: string, clock: Clock): SnapshotContents<readonly Saved[]> {
  const origin = createHash('sha256').update(chain).digest('base64');
  return {
    // Moves with every change of keys and lines.
    format: 'cairn cache 1',
    origin: async () => origin,
    otherOrigin: 'another cache, or its block of the Corefile has changed',
    current: () => ({ details: null, lines: linesOf(store, clock) }),
    read: (content) => readLines(content, clock),
  };
}

/** Failures are not kept: the next process may have more luck. */
function* linesOf(store: Store, clock: Clock): Iterable<string> {
  const offsetMs = clock.now() - clock.monotonic();
  for (const [key, entry] of store.all()) {
    if (entry.kind === 'failure') continue;
    const { kind, rcode, aa, ra, ad, fixedFlags, ttl } = entry;
    const records = Buffer.from(packedOf(entry), 'latin1').toString('base64');
    const line: Line = [
      key,
      { kind, rcode, aa, ra, ad, fixedFlags, ttl },
      Math.round(entry.storedMs + offsetMs),
      records,
    ];
    yield JSON.stringify(line);
  }
}

/** The entries, with a step for each. @throws SnapshotError */
function* readLines({ path, lines }: SnapshotLines, clock: Clock): Generator<void, readonly Saved[]> {
  const offsetMs = clock.now() - clock.monotonic();
  const saved: Saved[] = [];
  for (const line of lines) {
    const [key, reply, storedAtMs, records] = JSON.parse(line) as Partial<Line>;
    if (typeof key !== 'string' || typeof reply?.ttl !== 'number' || typeof storedAtMs !== 'number' || !records) {
      throw new SnapshotError(path, 'has a line that is not a reply');
    }
    if (storedAtMs <= clock.now() + MAX_AHEAD_MS) {
      saved.push([key, entryFrom(reply, Buffer.from(records, 'base64').toString('latin1'), storedAtMs - offsetMs)]);
    }
    yield;
  }
  return saved;
}
