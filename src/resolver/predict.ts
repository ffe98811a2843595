import type { Query, Reply } from './exchange.ts';
import type { Event, Machine } from './machine.ts';

/** What a server does with a query: it responds, stays silent, or cannot be reached. */
export type Response = Reply | 'silence' | 'unreachable';

/** A query of a lookup, with its time since the beginning and its outcome. */
export interface Traced {
  readonly query: Query;
  readonly sentMs: number;
  endMs?: number;
  reply?: Reply;
  unreachable?: boolean;
}

export interface Prediction<T> {
  readonly result: T;
  readonly trace: readonly Traced[];
  /** How long the lookup takes, including time-outs. */
  readonly elapsedMs: number;
}

/** Runs a machine with simulated time and servers that respond at once and in order. Pure if `respond` is. */
export function predict<T>(machine: Machine<T>, respond: (query: Query) => Response): Prediction<T> {
  const trace: Traced[] = [];
  const inbox: Traced[] = [];
  let nowMs = 0;
  let step = machine.next(undefined as never);
  while (!step.done) {
    for (const query of step.value.send) {
      const traced: Traced = { query, sentMs: nowMs };
      trace.push(traced);
      const response = respond(query);
      if (response === 'silence') continue;
      if (response === 'unreachable') traced.unreachable = true;
      else traced.reply = response;
      inbox.push(traced);
    }
    const arrived = inbox.shift();
    if (!arrived) nowMs = Math.max(nowMs, step.value.untilMs);
    else arrived.endMs = nowMs;
    step = machine.next(eventOf(arrived, nowMs));
  }
  return { result: step.value, trace, elapsedMs: nowMs };
}

export function eventOf(arrived: Traced | undefined, nowMs: number): Event {
  if (!arrived) return { kind: 'time', nowMs };
  const { query, reply } = arrived;
  return reply ? { kind: 'reply', nowMs, query, reply } : { kind: 'unreachable', nowMs, query };
}
