import type { Query } from './exchange.ts';
import type { Happening, Step } from './machine.ts';

/** Sends one query on a socket of its own and waits for what becomes of it. */
export function* waitFor(query: Query, untilMs: number): Generator<Step, Happening, Happening> {
  let happening = yield { send: [query], untilMs };
  while (happening.kind !== 'time' && happening.query !== query) happening = yield { send: [], untilMs };
  return happening;
}
