/** How often both clocks are read. The shortest reading counts, as the thread may be interrupted during one. */
const READINGS = 8;

/** How far a monotonic clock is ahead of the machine's clock, which all threads share. The monotonic clock of a thread starts with the thread. */
export function aheadOfMachineMs(monotonic: () => number): number {
  let shortestMs = Number.POSITIVE_INFINITY;
  let aheadMs = 0;
  for (let reading = 0; reading < READINGS; reading++) {
    const before = machineMs();
    const now = monotonic();
    const tookMs = machineMs() - before;
    if (tookMs >= shortestMs) continue;
    shortestMs = tookMs;
    aheadMs = now - before - tookMs / 2;
  }
  return aheadMs;
}

function machineMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
