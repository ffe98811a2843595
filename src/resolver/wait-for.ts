import type { Query } from './exchange.ts';
import type { Event, Step } from './machine.ts';

/** Sends one query on a separate socket and waits for its outcome. */
export function* waitFor(query: Query, untilMs: number): Generator<Step, Event, Event> {
  let event = yield { send: [query], untilMs };
  while (event.kind !== 'time' && event.query !== query) event = yield { send: [], untilMs };
  return event;
}
