import type { FakeClock } from '../clock.ts';
import { PATIENT } from '../patience.ts';

/** Turns of the event loop that a datagram on the loopback interface takes at most, with what follows from it. */
const TURNS = 20;
/** What is under way outside the event loop, in the words of Node.js: files, connections, messages. */
const UNDER_WAY = /Req|ConnectWrap|SendWrap|WriteWrap|ShutdownWrap/;
const MAX_TURNS = 10_000;

/** Lets all that was set going come to its end. */
export async function settle(): Promise<undefined> {
  let quiet = 0;
  for (let turn = 0; quiet < TURNS && turn < MAX_TURNS; turn++) {
    await new Promise((done) => setImmediate(done));
    quiet = process.getActiveResourcesInfo().some((name) => UNDER_WAY.test(name)) ? 0 : quiet + 1;
  }
  return undefined;
}

/** Moves time on from timer to timer, and lets each have its effect before the next. */
export async function advance(clock: FakeClock, ms: number): Promise<void> {
  await settle();
  let left = ms;
  while (left > 0) {
    const step = Math.min(left, Math.max(1, clock.nextDueMs ?? left));
    clock.advance(step);
    left -= step;
    await settle();
  }
}

/** What is promised, or an error if it does not come soon. */
export async function soon<T>(promised: Promise<T>, otherwise: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(otherwise)), PATIENT.timeout);
  try {
    return await Promise.race([promised, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
