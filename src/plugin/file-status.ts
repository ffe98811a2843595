import type { WatchStatus } from '../admin/protocol/index.ts';
import type { Clock } from '../observe/clock.ts';
import { type OwnStatus, worstFirst, worstState } from './status.ts';
import type { WatchedFile } from './watched-file.ts';

/** A file that is followed, for a plugin's status. What was read from it last stays in use while it is broken. */
export function fileWatch(
  what: string,
  objects: number,
  { problem, lookedAtMs }: Pick<WatchedFile, 'problem' | 'lookedAtMs'>,
  clock: Clock,
): WatchStatus {
  return {
    what,
    state: problem === undefined ? 'ok' : 'degraded',
    objects,
    ...(lookedAtMs !== undefined && { ageSeconds: (clock.monotonic() - lookedAtMs) / 1000 }),
    ...(problem !== undefined && { problem }),
  };
}

/**
 * The status of a plugin that has nothing but what it watches.
 *
 * @param effect begins the summary if something is wrong, and `remedy` ends it.
 */
export function statusOfWatches(
  watches: readonly WatchStatus[],
  { wellSaid, effect, remedy }: { readonly wellSaid: string; readonly effect: string; readonly remedy: string },
): OwnStatus {
  const state = worstState(watches.map((watch) => watch.state));
  const [worst, ...others] = worstFirst(watches).filter((watch) => watch.state !== 'ok');
  if (!worst) return { state, summary: wellSaid, watches };
  if (state === 'waiting') return { state, summary: `${worst.what} was not read yet.`, watches };
  const { what, problem = '' } = worst;
  const more = others.length > 0 ? ` ${others.length} more ${others.length === 1 ? 'has' : 'have'} problems.` : '';
  return {
    state,
    summary: `${effect}: ${problem.includes(what) ? '' : `${what}: `}${problem}. ${remedy}${more}`,
    watches,
  };
}
