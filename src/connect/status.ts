import type { PluginState, WatchStatus } from '../admin/protocol/index.ts';
import { printDuration } from '../base/duration.ts';
import { type OwnStatus, worstState } from '../plugin/status.ts';
import { type WatchStatus as ApiWatch, STALE_AFTER_MS } from '../sources/kubernetes/source.ts';
import type { ManifestPathStatus } from '../sources/manifests/source.ts';
import type { FilledRegistry } from './fill.ts';

/** How a registry's source does, for a plugin that answers from it. `content` says in words what it answers from. */
export function clusterStatus({ watches, origin, paths }: FilledRegistry, content: string): OwnStatus {
  const place = origin?.() ?? 'the API server';
  const ofApi = watches?.().map((watch) => apiWatchStatus(watch, place));
  const all = ofApi ?? paths?.().map(pathStatus) ?? [];
  const state = worstState(all.map((watch) => watch.state));
  const source = ofApi ? place : all.map(({ what }) => what).join(', ');
  return {
    state,
    summary: summaryOf(state, all, `Answers from ${content}${source && ` of ${source}`}.`),
    watches: all,
  };
}

/** Whether changes of the cluster are not followed now, so that what is known may be old. */
export function isBehind({ watches }: Pick<FilledRegistry, 'watches'>): boolean {
  return watches?.().some((watch) => judge(watch)[0] === 'degraded') ?? false;
}

function apiWatchStatus(watch: ApiWatch, origin: string): WatchStatus {
  const { name, synced, ageMs, isAbsent } = watch;
  const [state, problem] = judge(watch);
  return {
    what: isAbsent ? `${name} of ${origin}, which does not have them` : `${name} of ${origin}`,
    state,
    objects: watch.count(),
    ...(synced && !isAbsent && { ageSeconds: ageMs / 1000 }),
    ...(problem !== undefined && { problem }),
  };
}

function judge({ isKnown, problem, isInDoubt, synced, isAbsent, ageMs }: ApiWatch): [PluginState, string?] {
  if (isInDoubt)
    return ['degraded', `${IN_DOUBT}: a new list ${problem === undefined ? 'is under way' : `fails: ${problem}`}`];
  if (problem !== undefined) return [isKnown ? 'degraded' : 'failing', problem];
  if (!synced)
    return isKnown ? ['degraded', 'what was known before is served until its list is complete'] : ['waiting'];
  if (!isAbsent && ageMs > STALE_AFTER_MS) return ['degraded', `nothing has come for ${printDuration(ageMs)}`];
  return ['ok'];
}

const IN_DOUBT =
  'the known objects differ from those of the API server (was etcd restored, or did the watch lose events?)';

function pathStatus({ path, objects, isKnown, ageMs, problems }: ManifestPathStatus): WatchStatus {
  const [first, ...others] = problems;
  const more = others.length > 0 ? `; and ${others.length} more` : '';
  const isMerelyWarned = isKnown && problems.every(({ subject }) => subject === undefined);
  return {
    what: path,
    state: first && !isMerelyWarned ? (isKnown ? 'degraded' : 'failing') : isKnown ? 'ok' : 'waiting',
    objects,
    ...(ageMs !== undefined && { ageSeconds: ageMs / 1000 }),
    ...(first && { problem: `${first.text}${more}` }),
  };
}

function summaryOf(state: PluginState, watches: readonly WatchStatus[], wellSaid: string): string {
  const worst = watches.filter((watch) => watch.state === state);
  const names = (what: readonly WatchStatus[]) => what.map((watch) => watch.what).join(', ');
  switch (state) {
    case 'ok':
      return wellSaid;
    case 'waiting':
      return `Names that are not found get SERVFAIL until the first list of these is complete: ${names(worst)}.`;
    case 'degraded':
      return `What was known is served, but it no longer follows all changes: ${problemOf(worst)}`;
    case 'failing':
      return `Names that are not found get SERVFAIL: ${problemOf(worst)}`;
  }
}

/** The first problem, and what to do if it does not say so itself. */
function problemOf(watches: readonly WatchStatus[]): string {
  const [{ what, problem = '' }, ...others] = watches as readonly [WatchStatus, ...WatchStatus[]];
  const same = others.filter((other) => other.problem === problem);
  const rest = others.length - same.length;
  const also = rest > 0 ? ` ${rest} more ${rest === 1 ? 'has' : 'have'} other problems.` : '';
  const remedy = UNREACHABLE.test(problem) ? ' Check that the API server runs, and that this server can reach it.' : '';
  return `${[what, ...same.map((other) => other.what)].join(', ')}: ${problem}.${remedy}${also}`;
}

/** Errors of the connection begin with the URL. */
const UNREACHABLE = /^https?:\/\//;
