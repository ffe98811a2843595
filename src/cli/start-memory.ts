import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MADV_DONTNEED = 4;

/**
 * Gives memory back to the system that only the start has needed: garbage, memory that V8 and malloc keep for later, and pages of the program's file.
 * Half of the memory of a small server is pages of Node.js that its start has touched. Pages that are used again come back from the page cache, 16 at
 * a time. Without Linux or koffi, only the garbage is freed.
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
    libc.func('int malloc_trim(uint64_t)')(0); // last, as musl does not have it
  } catch {
    // The server works without it.
  }
}

/** The flavor makes V8 give back its free pages as well. Only a new context sees the function. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** The mappings of files whose pages are unchanged: the kernel can read such pages again at any time. */
function pristineMappings(): (readonly [start: bigint, end: bigint])[] {
  const mappings = readFileSync('/proc/self/smaps', 'latin1').split(/^(?=[0-9a-f]+-)/m);
  return mappings.flatMap((mapping) => {
    const file = /^([0-9a-f]+)-([0-9a-f]+) r-(?:x|-)p \S+ \S+ (?!0 )/.exec(mapping);
    return file && /^Anonymous: +0 kB$/m.test(mapping)
      ? [[BigInt(`0x${file[1]}`), BigInt(`0x${file[2]}`)] as const]
      : [];
  });
}
