import type { Query, Reply } from './exchange.ts';

/** What a machine wants next: these queries sent, then to be told what happens first, at `untilMs` at the latest. */
export interface Step {
  readonly send: readonly Query[];
  /** The same scale as {@link Event.nowMs}. */
  readonly untilMs: number;
}

/** What happened since the last step. `query` is the very object that was sent. */
export type Event =
  | { readonly kind: 'time'; readonly nowMs: number }
  | { readonly kind: 'reply'; readonly nowMs: number; readonly query: Query; readonly reply: Reply }
  /** The server cannot be reached at all, as an ICMP message says at once. */
  | { readonly kind: 'unreachable'; readonly nowMs: number; readonly query: Query };

/**
 * A look-up as a pure state machine: it yields what to send and how long to wait, and is resumed with what happened. It
 * knows no socket and no clock, so the same machine runs over a network and is predicted without one.
 */
export type Machine<T> = Generator<Step, T, Event>;

/** Sends one query on a socket of its own and waits for what becomes of it. */
export function* waitFor(query: Query, untilMs: number): Generator<Step, Event, Event> {
  let event = yield { send: [query], untilMs };
  while (event.kind !== 'time' && event.query !== query) event = yield { send: [], untilMs };
  return event;
}
