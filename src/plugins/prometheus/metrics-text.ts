import type { Clock } from '../../observe/clock.ts';
import type { Metrics } from '../../observe/metrics.ts';

/** So many texts are made in a second; who asks for more gets the last one, which is a second old at most. */
const TEXTS_PER_SECOND = 8;

/** The text of all metrics: one is made for each request that comes, but one at a time, and not for all who ask without end. */
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
