import { PATIENT } from './patience.ts';

/** Lets turns of the event loop go by until something is so: for what a few of them bring, where waiting by a clock would take longer. */
export async function until(condition: () => boolean): Promise<void> {
  for (const endMs = performance.now() + PATIENT.timeout; !condition(); ) {
    if (performance.now() > endMs) throw new Error(`it does not come true that ${condition}`);
    await new Promise(setImmediate);
  }
}

/** How often others had a turn of the event loop until something was done, and what came of it. */
export async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly turns: number; readonly result: T }> {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    const result = await work();
    return { turns, result };
  } finally {
    isOver = true;
  }
}
