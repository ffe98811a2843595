import type { Clock } from '../observe/clock.ts';

/** The time since a lookup began, and its waits: one at a time. */
export interface LookupTime {
  now(): number;
  /** Moves simulated time on. */
  reach(ms: number): void;
  /** Resolves at this time, or when the wait is ended or skipped. */
  until(untilMs: number): Promise<void>;
  /** Ends the wait now. */
  wake(): void;
  /** Ends the wait as if its time had come, if time is simulated. */
  skip(): void;
}

/** Simulated time moves only where a wait ends, and where it is moved. */
export function lookupTime(clock: Clock, isSimulated: boolean): LookupTime {
  const startMs = clock.monotonic();
  let simulatedMs = 0;
  let waitingUntilMs = 0;
  let end = () => {};
  const now = () => (isSimulated ? simulatedMs : clock.monotonic() - startMs);
  const reach = (ms: number) => {
    simulatedMs = Math.max(simulatedMs, ms);
  };
  return {
    now,
    reach,
    until(untilMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = clock.after(untilMs - now(), () => {
        reach(untilMs);
        end();
      });
      waitingUntilMs = untilMs;
      end = () => {
        timer.cancel();
        waitingUntilMs = 0;
        resolve();
      };
      return promise;
    },
    wake: () => end(),
    skip() {
      if (!isSimulated) return;
      reach(waitingUntilMs);
      end();
    },
  };
}
