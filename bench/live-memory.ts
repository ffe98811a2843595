import { sleep } from './attacks/attack.ts';
import type { BenchProcess } from './server.ts';

const LINE = /^live (\d+) (\d+)$/gm;
const POLL_MS = 20;
const GIVE_UP_MS = 30_000;

/** The flags of Node.js that let the bench ask a server for its live memory. */
export const LIVE_MEMORY_FLAGS: readonly string[] = [
  '--expose-gc',
  `--import=${new URL('./live-memory-probe.mjs', import.meta.url)}`,
];

/** Whether a line of a server's output is from the probe. */
export function isOfProbe(line: string): boolean {
  return line.startsWith('live ');
}

/**
 * The memory that the isolates of a server hold after a collection, in MiB: heap, array buffers, and other memory that V8 knows of. Unlike the memory
 * of the process, it does not depend on when V8 collects and which pages it keeps. It does not show a leak in machine code.
 *
 * @param threads how many threads of the server run JavaScript
 * @throws Error if not all of them report
 */
export async function liveMiB(server: Pick<BenchProcess, 'child' | 'output'>, threads: number): Promise<number> {
  const reports = () => [...server.output().matchAll(LINE)].map(([, round, octets]) => [Number(round), Number(octets)]);
  const last = reports().at(-1)?.[0] ?? 0;
  server.child.kill('SIGUSR2');
  const untilMs = performance.now() + GIVE_UP_MS;
  for (;;) {
    const ours = reports().filter(([round]) => round === last + 1);
    if (ours.length === threads) return ours.reduce((sum, [, octets]) => sum + octets!, 0) / 2 ** 20;
    if (performance.now() > untilMs) throw new Error(`${ours.length} of ${threads} threads reported their memory`);
    await sleep(POLL_MS);
  }
}
