import { UpstreamError } from '../../net/upstream/error.ts';
import type { Clock, Timer } from '../../observe/clock.ts';

/** The health of an upstream: it is down after more than `maxFails` failed probes in a row. */
export interface Health {
  readonly down: boolean;
  /** Probes that failed in a row. */
  readonly failedProbes: number;
  /** An exchange failed, and no probe has succeeded since. */
  readonly suspected: boolean;
  /** Reports a failed exchange: probes start, and go on until one succeeds. */
  suspect(thrown: unknown): void;
  stop(): void;
}

interface HealthOptions {
  readonly clock: Clock;
  /** 0 for an upstream that is never down. */
  readonly maxFails: number;
  /** The time between two probes; 0 for no probes. */
  readonly intervalMs: number;
  /** Settles within a time limit. A rejection means that the upstream did not answer. */
  probe(): Promise<unknown>;
  onFailure(): void;
}

export function createHealth({ clock, maxFails, intervalMs, probe, onFailure }: HealthOptions): Health {
  let fails = 0;
  const isOff = maxFails === 0 || intervalMs === 0;
  let probing = false;
  let stopped = false;
  let timer: Timer | undefined;
  const run = async () => {
    try {
      await probe();
      fails = 0;
      probing = false;
    } catch (thrown) {
      if (!isOwnLimit(thrown)) {
        fails++;
        onFailure();
      }
      if (!stopped) timer = clock.after(intervalMs, run);
    }
  };
  return {
    get down() {
      return maxFails > 0 && fails > maxFails;
    },
    get failedProbes() {
      return fails;
    },
    get suspected() {
      return probing;
    },
    suspect(thrown) {
      if (isOff || probing || stopped || isOwnLimit(thrown)) return;
      probing = true;
      void run();
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

/** Whether it failed because this process had no socket left, which says nothing about the upstream. */
function isOwnLimit(thrown: unknown): boolean {
  return thrown instanceof UpstreamError && thrown.reason === 'limit';
}
