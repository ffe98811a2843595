import type { Query } from './exchange.ts';
import type { Happening, Machine, Step } from './machine.ts';

/** Runs machines side by side and returns their results in order; each is told only what concerns it. */
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
  const resume = (i: number, happening: Happening) => take(i, machines[i]!.next(happening));

  // The first call of `next` starts a generator: what it is given goes nowhere.
  for (const [i, machine] of machines.entries()) take(i, machine.next(undefined as never));
  while (waiting.size > 0) {
    const untilMs = Math.min(...[...waiting.values()].map((step) => step.untilMs));
    const sending = send;
    send = [];
    const happening: Happening = yield { send: sending, untilMs };
    if (happening.kind === 'time') {
      for (const [i, step] of [...waiting]) if (step.untilMs <= happening.nowMs) resume(i, happening);
    } else {
      const owner = owners.get(happening.query)!;
      if (waiting.has(owner)) resume(owner, happening);
    }
  }
  return results;
}
