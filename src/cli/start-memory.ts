import { readFileSync } from 'node:fs';

const MADV_DONTNEED = 4;
/** When all that a start sets going has been done. */
const SETTLED_MS = 10_000;

/** Gives memory of the start back once the server has settled: {@link releaseStartMemory}. */
export function releaseStartMemoryLater(): void {
  setTimeout(() => void releaseStartMemory(), SETTLED_MS).unref();
}

/**
 * Gives the system back what only the start has needed: what malloc keeps for itself, and the pages of the program's file. Half of the
 * memory of a small server are pages of Node.js that its start has touched; those that are used again come back with the first use, out of the
 * page cache, 16 at a time. Does nothing where that is impossible: not Linux, no koffi.
 *
 * Measured with the example Corefile, resident: 83 MiB before, 50 after, 76 after 10.7 million queries.
 */
export async function releaseStartMemory(): Promise<void> {
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
