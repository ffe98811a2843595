import { setImmediate } from 'node:timers/promises';

/** How long work goes on before other work gets its turn. Queries wait at most this long. */
const MAX_MS = 2;

/** Runs long work to its end, step by step. Other work gets its turn in between. @throws what a step throws, as a rejection. */
export async function inTurns<T>(steps: Iterator<unknown, T, undefined>): Promise<T> {
  const turn = createTurns();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    const due = turn();
    if (due) await due;
  }
}

/** Runs long work to its end at once. @throws what a step throws */
export function atOnce<T>(steps: Iterator<unknown, T, undefined>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** For work that comes in pieces. The result is called after each piece; if other work must have its turn, it returns a promise to wait for. */
export function createTurns(): () => Promise<void> | undefined {
  let sinceMs = performance.now();
  return () => {
    if (performance.now() - sinceMs <= MAX_MS) return undefined;
    return setImmediate().then(() => {
      sinceMs = performance.now();
    });
  };
}
