const TICK_MS = 5;

/**
 * Calls `work` so often a second, catching up where timers come late; of what is late by more than `maxLateMs`, the older part is given up.
 * Returns how to end that.
 */
export function paced(perSecond: number, work: () => void, maxLateMs = Number.POSITIVE_INFINITY): () => void {
  const startMs = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000);
    done = Math.max(done, due - Math.ceil((perSecond * maxLateMs) / 1000));
    for (; done < due; done++) work();
  }, TICK_MS);
  return () => clearInterval(timer);
}
