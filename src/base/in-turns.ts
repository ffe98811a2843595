import { setImmediate } from 'node:timers/promises';

/** How long work goes on before others have their turn: queries wait as long at most. */
const MAX_MS = 5;

/** Takes the steps of long work to their end; others have their turn in between. @throws what a step throws, as a rejection. */
export async function inTurns<T>(steps: Iterator<unknown, T, undefined>): Promise<T> {
  let sinceMs = performance.now();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() - sinceMs <= MAX_MS) continue;
    await setImmediate();
    sinceMs = performance.now();
  }
}
