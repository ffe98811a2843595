import type { Clock, Timer } from '../../observe/clock.ts';

/** Lets `perSecond` callers through on average, and up to `burst` at once. */
interface RateLimit {
  /** Settles when it is the caller's turn, in the order of the calls; at once when the signal aborts. */
  turn(signal: AbortSignal): Promise<void>;
}

/** A token bucket. */
export function createRateLimit({ perSecond, burst }: { perSecond: number; burst: number }, clock: Clock): RateLimit {
  let tokens = burst;
  let atMs = clock.monotonic();
  return {
    turn(signal) {
      const now = clock.monotonic();
      tokens = Math.min(burst, tokens + ((now - atMs) / 1000) * perSecond) - 1;
      atMs = now;
      // Below zero, the number is the length of the queue.
      return tokens >= 0 ? Promise.resolve() : pause((-tokens / perSecond) * 1000, clock, signal);
    },
  };
}

/** Settles after that time, or when the signal aborts. */
export function pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer: Timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}

/** Lets at most `max` callers in at the same time. */
interface Gate {
  /** Settles when there is room. The result gives the place back; further calls of it have no effect. */
  enter(): Promise<() => void>;
}

export function createGate(max: number): Gate {
  let inside = 0;
  const queue: (() => void)[] = [];
  const place = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = queue.shift();
      if (next) next();
      else inside--;
    };
  };
  return {
    async enter() {
      if (inside < max) inside++;
      else await new Promise<void>((resolve) => queue.push(resolve));
      return place();
    },
  };
}
