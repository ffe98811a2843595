import type { PluginState, UpstreamStatus } from '../../admin/protocol/index.ts';
import { listed } from '../../base/listed.ts';
import { type OwnStatus, worstState } from '../../plugin/status.ts';
import type { Health } from './health.ts';
import type { Tally } from './tally.ts';
import { type Endpoint, printEndpoint } from './target.ts';

/** So many failures in a row are no accident. */
const MANY_FAILURES = 3;
/** From so many responses on, it is noticed that nearly all of them have one rcode. */
const ENOUGH_RESPONSES = 20;
const NEARLY_ALL = 0.9;

/** How one stanza does. */
export interface StanzaStatus {
  readonly zones: readonly string[];
  readonly upstreams: readonly UpstreamStatus[];
  /** Why its upstreams or certificates are no longer those that the Corefile means. */
  readonly problems: readonly string[];
  /** The limit for which queries were refused a moment ago. */
  readonly overload: string | undefined;
}

export function upstreamStatus(
  to: Endpoint,
  { down, suspected, failedProbes }: Pick<Health, 'down' | 'suspected' | 'failedProbes'>,
  tally: Tally,
): UpstreamStatus {
  const { queries, failures, inFlight, failuresInRow, lastFailure } = tally;
  const { p50Ms, p99Ms, rcodes } = tally.latest();
  const [state, problem] = judge();
  return {
    ...{ address: printEndpoint(to), state, failedProbes },
    ...(problem !== undefined && { problem }),
    ...{ inFlight, queries, failures, rcodes },
    ...(p50Ms !== undefined && { p50Ms: round(p50Ms) }),
    ...(p99Ms !== undefined && { p99Ms: round(p99Ms) }),
  };

  function judge(): [PluginState, string?] {
    if (down || failuresInRow >= MANY_FAILURES) return ['failing', lastFailure];
    const common = commonRcode(rcodes);
    if (common === 'REFUSED') return ['failing', 'nearly all of its responses are REFUSED'];
    if (suspected) return ['degraded', lastFailure];
    if (common === 'SERVFAIL') return ['degraded', 'nearly all of its responses are SERVFAIL'];
    return ['ok'];
  }
}

/** The rcode that nearly all responses have. */
function commonRcode(rcodes: Readonly<Record<string, number>>): string | undefined {
  const counts = Object.entries(rcodes);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  if (all < ENOUGH_RESPONSES) return undefined;
  return counts.find(([, count]) => count >= NEARLY_ALL * all)?.[0];
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** The status of all stanzas of a block. */
export function forwardStatus(stanzas: readonly StanzaStatus[]): OwnStatus {
  const several = stanzas.length > 1;
  const upstreams = stanzas.flatMap(({ zones, upstreams }) =>
    upstreams.map((upstream) => (several ? { ...upstream, zones } : upstream)),
  );
  const troubles = stanzas.flatMap(troublesOf);
  const summary = troubles.map(({ text }) => text).join(' ') || wellSaid(upstreams);
  return { state: worstState(troubles.map(({ state }) => state)), summary, upstreams };
}

interface Trouble {
  readonly state: PluginState;
  /** A sentence, and what to do. */
  readonly text: string;
}

function troublesOf({ zones, upstreams, problems, overload }: StanzaStatus): Trouble[] {
  const troubles: Trouble[] = problems.map((problem) => ({
    state: 'degraded',
    text: `The Corefile's upstreams cannot be read again, and stay as they were: ${problem}.`,
  }));
  if (overload !== undefined) {
    const text = `Queries are refused: ${overload}. Look for slow upstreams, or for clients that ask too much.`;
    troubles.push({ state: 'failing', text });
  }
  const bad = upstreams.filter(({ state }) => state !== 'ok');
  if (bad.length === 0) return troubles;
  const names = listed(bad.map(({ address, problem }) => `${address} (${problem})`));
  const isDead = upstreams.every(({ state }) => state === 'failing');
  const some = upstreams.length === 1 ? 'The upstream' : `${bad.length} of ${upstreams.length} upstreams`;
  const which = isDead
    ? `All upstreams of ${zones.join(' ')} fail, and so do the queries for them: ${names}.`
    : `${some} of ${zones.join(' ')} ${bad.length === 1 ? 'has' : 'have'} problems: ${names}.`;
  troubles.push({ state: isDead ? 'failing' : 'degraded', text: `${which} ${remedyFor(bad)}` });
  return troubles;
}

function remedyFor(bad: readonly UpstreamStatus[]): string {
  const isRefusing = bad.every(({ rcodes }) => commonRcode(rcodes) === 'REFUSED');
  if (isRefusing) return "Check that these names are served there to this server's address.";
  const isFailing = bad.every(({ rcodes }) => commonRcode(rcodes) === 'SERVFAIL');
  if (isFailing) return 'Ask there directly to see whether all names fail.';
  return bad.length === 1
    ? 'Check that it runs, and that this server can reach it.'
    : 'Check that they run, and that this server can reach them.';
}

function wellSaid(upstreams: readonly UpstreamStatus[]): string {
  if (upstreams.every(({ queries }) => queries === 0)) return 'No query was forwarded yet.';
  return upstreams.length === 1 ? 'The upstream answers.' : `All ${upstreams.length} upstreams answer.`;
}
