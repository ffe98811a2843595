import { setImmediate } from 'node:timers/promises';

/** How long work goes on before other work gets its turn. Queries wait at most this long. */
const MAX_MS = 5;

/** Runs long work to its end, step by step. Other work gets its turn in between. @throws what a step throws, as a rejection. */
export async function inTurns<T>(steps: Iterator<unknown, T, undefined>): Promise<T> {
  let sinceMs = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() - sinceMs <= MAX_MS) continue;
    await setImmediate();
    sinceMs = performance.now();
  }
}
