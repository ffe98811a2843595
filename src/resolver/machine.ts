import type { Query, Reply } from './exchange.ts';

/** The next step of a machine: it wants these queries sent, and then the first event, at `untilMs` at the latest. */
export interface Step {
  readonly send: readonly Query[];
  /** The same scale as {@link Event.nowMs}. */
  readonly untilMs: number;
}

/** The first event since the last step. `query` is the same object that was sent. */
export type Event =
  | { readonly kind: 'time'; readonly nowMs: number }
  | { readonly kind: 'reply'; readonly nowMs: number; readonly query: Query; readonly reply: Reply }
  /** The server cannot be reached, according to an ICMP message. */
  | { readonly kind: 'unreachable'; readonly nowMs: number; readonly query: Query };

/**
 * A lookup as a pure state machine: it yields what to send and how long to wait, and is resumed with an event. It uses no socket and no clock, so the
 * same machine can run over a network, or be predicted without one.
 */
export type Machine<T> = Generator<Step, T, Event>;

/** Sends one query on a separate socket and waits for its outcome. */
export function* waitFor(query: Query, untilMs: number): Generator<Step, Event, Event> {
  let event = yield { send: [query], untilMs };
  while (event.kind !== 'time' && event.query !== query) event = yield { send: [], untilMs };
  return event;
}
