import type { ExplainedQuery, Explanation, Outcome } from './api.ts';
import type { Prediction, Traced } from './predict.ts';
import type { LookupResult } from './result.ts';
import type { Settings } from './settings.ts';
import type { Candidate, StubName } from './stub.ts';
import { verdictOf } from './verdict.ts';

interface Asked {
  readonly name: string;
  readonly stub: StubName;
  readonly settings: Settings;
  readonly candidates: readonly Candidate[];
}

/** Makes an explanation from a lookup's trace. */
export function explanationOf(asked: Asked, { result, trace, elapsedMs }: Prediction<LookupResult>): Explanation {
  const tried = new Set(trace.map(({ query }) => query.name));
  const answers = result.ok ? result.answers : [];
  return {
    ...asked,
    candidates: asked.candidates.map((candidate) => ({ ...candidate, tried: tried.has(candidate.name) })),
    queries: trace.map((traced, i) => explainQuery(traced, elapsedMs, trace.slice(i + 1))),
    result,
    addresses: answers.filter(({ type }) => type === 'A' || type === 'AAAA').map(({ data }) => String(data)),
    elapsedMs,
  };
}

/** The time of a query without a response ends when the next query was sent. */
function explainQuery(
  { query, sentMs, endMs, reply, unreachable }: Traced,
  elapsedMs: number,
  later: readonly Traced[],
): ExplainedQuery {
  const endedMs = endMs ?? later.find((next) => next.sentMs > sentMs)?.sentMs ?? elapsedMs;
  const outcome: Outcome = unreachable ? 'unreachable' : reply?.tc ? 'truncated' : reply ? verdictOf(reply) : 'timeout';
  return { ...query, sentMs, elapsedMs: endedMs - sentMs, outcome, ...(reply && { reply }) };
}
