import { readFileSync } from 'node:fs';

const MADV_DONTNEED = 4;
/** By this time after the start, all of its work is done. */
const SETTLED_MS = 10_000;

/** Calls {@link releaseStartMemory} once the work of the start is done. */
export function releaseStartMemoryLater(): void {
  setTimeout(() => void releaseStartMemory(), SETTLED_MS).unref();
}

/**
 * Gives memory back to the system that only the start has needed: memory that malloc keeps, and pages of the program's file. Half of the memory of a
 * small server is pages of Node.js that its start has touched. Pages that are used again come back from the page cache, 16 at a time. Does nothing
 * without Linux or koffi.
 *
 * Measured with the example Corefile, resident: 83 MiB before, 50 after, 76 after 10.7 million queries.
 */
export async function releaseStartMemory(): Promise<void> {
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
