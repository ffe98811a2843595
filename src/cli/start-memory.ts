import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MADV_DONTNEED = 4;

/**
 * Gives the system back what only the start has needed: garbage, what V8 and malloc keep for later, and the pages of the program's
 * file. Half of the memory of a small server are pages of Node.js that its start has touched. Those that are used again come back with
 * the first use, out of the page cache, 16 at a time. Where this is impossible (not Linux, no koffi), only the garbage goes.
 *
 * Measured in a container of 170 MiB that has just listed 10,000 services of 15 endpoints: 55 MiB of its own memory after it, 110
 * before; it takes 70 ms. Without it the pages of Node.js had no room under load: the kernel read them again and again, and queries waited for seconds.
 */
export async function releaseStartMemory(): Promise<void> {
  collectGarbage();
  if (process.platform !== 'linux') return;
  try {
    const libc = (await import('koffi')).default.load(null);
    const madvise = libc.func('int madvise(uint64_t, uint64_t, int)');
    for (const [start, end] of pristineMappings()) madvise(start, end - start, MADV_DONTNEED);
    libc.func('int malloc_trim(uint64_t)')(0); // the last, as musl has none
  } catch {
    // Only an economy.
  }
}

/** The flavor makes V8 give back its free pages as well. Only a new context sees the function. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** Where files are mapped, and nothing but what the files hold is there: such pages can be had again at any time. */
function pristineMappings(): (readonly [start: bigint, end: bigint])[] {
  const mappings = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[0-9a-f]+-)/m);
  return mappings.flatMap((mapping) => {
    const file = /^([0-9a-f]+)-([0-9a-f]+) r-(?:x|-)p \S+ \S+ (?!0 )/.exec(mapping);
    return file && /^Anonymous: +0 kB$/m.test(mapping)
      ? [[BigInt(`0x${file[1]}`), BigInt(`0x${file[2]}`)] as const]
      : [];
  });
}
