import type { Query } from './exchange.ts';
import type { Event, Machine, Step } from './machine.ts';

/** Runs machines side by side and returns their results in order. Each machine gets only its own events. */
export function* together<T>(machines: readonly Machine<T>[]): Machine<T[]> {
  const results: T[] = [];
  const waiting = new Map<number, Step>();
  const owners = new Map<Query, number>();
  let send: Query[] = [];
  const take = (i: number, { done, value }: IteratorResult<Step, T>) => {
    waiting.delete(i);
    if (done) {
      results[i] = value;
      return;
    }
    waiting.set(i, value);
    for (const query of value.send) owners.set(query, i);
    send.push(...value.send);
  };
  const resume = (i: number, event: Event) => take(i, machines[i]!.next(event));

  // The first call of `next` starts a generator and ignores its argument.
  for (const [i, machine] of machines.entries()) take(i, machine.next(undefined as never));
  while (waiting.size > 0) {
    const untilMs = Math.min(...[...waiting.values()].map((step) => step.untilMs));
    const sending = send;
    send = [];
    const event: Event = yield { send: sending, untilMs };
    if (event.kind === 'time') {
      for (const [i, step] of [...waiting]) if (step.untilMs <= event.nowMs) resume(i, event);
    } else {
      const owner = owners.get(event.query)!;
      if (waiting.has(owner)) resume(owner, event);
    }
  }
  return results;
}
