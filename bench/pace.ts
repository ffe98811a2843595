const TICK_MS = 5;

/**
 * Calls `work` this often in a second, and catches up if timers are late. Calls that are late by more than `maxLateMs` are left out. Returns a
 * function that ends it.
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
