import { PATIENT } from './patience.ts';

/** Lets turns of the event loop go by until something is so: for what a few of them bring, where waiting by a clock would take longer. */
export async function until(condition: () => boolean): Promise<void> {
  for (const endMs = performance.now() + PATIENT.timeout; !condition(); ) {
    if (performance.now() > endMs) throw new Error(`it does not come true that ${condition}`);
    await new Promise(setImmediate);
  }
}
