import type { Clock } from '../../observe/clock.ts';
import type { Metrics } from '../../observe/metrics.ts';

/** How many texts are made in a second. Further requests get the last one, which is at most a second old. */
const TEXTS_PER_SECOND = 8;

/** Makes the text of all metrics for a request, only one at a time, and only a limited number in a second. */
export function metricsText(metrics: Metrics, clock: Clock): () => Promise<Buffer> {
  let last: Promise<Buffer> | undefined;
  let isMaking = false;
  let made = 0;
  let sinceMs = Number.NEGATIVE_INFINITY;
  const make = async () => {
    isMaking = true;
    try {
      return Buffer.from(await metrics.expose());
    } finally {
      isMaking = false;
    }
  };
  return () => {
    const nowMs = clock.monotonic();
    if (nowMs - sinceMs >= 1000) [sinceMs, made] = [nowMs, 0];
    if (!last || (!isMaking && made < TEXTS_PER_SECOND)) {
      made++;
      last = make();
    }
    return last;
  };
}
