const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The time when the ready page first has status 200. */
export async function readyPage(port: number): Promise<number> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return performance.now();
    await pause(5);
  }
}
