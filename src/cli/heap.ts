import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * The size of each half of V8's young generation under load. It has to hold several times what all queries in flight need: an object that survives
 * two collections moves to the old generation, where garbage costs far more.
 */
const YOUNG_OCTETS = 4 * 1024 * 1024;
/** The rest of each page holds V8's own data. */
const USABLE_SHARE = 0.75;

/**
 * Tells V8 to collect early rather than to grow: most objects of a DNS server live for a moment, and a pod has a memory limit. This is called before
 * the heap is large, as V8 does not give back what its young generation has grown to under load.
 *
 * Measured with 200 forwarded queries in flight: 60 µs of CPU for each query with 1 MiB, 36 with 2, 32 with 4, 27 with 8. Resident memory afterwards:
 * 119, 122, 123 and 130 MiB.
 *
 * Flags on Node's command line do not do the same. With `--min-semi-space-size=4 --max-semi-space-size=4 --heap-growing-percent=50` a
 * forwarded query costs 1.4 times the CPU, as three times as many full collections run; without the third flag it costs the same, and
 * the process holds twice the memory after it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=50');
  growYoungGeneration();
  followYoungGeneration();
}

/** V8 reads the size only from its command line, but grows when enough objects have survived. */
function growYoungGeneration(): void {
  mayGrow(true);
  const survivors: unknown[] = [];
  while (isSmall() && survivors.length < YOUNG_OCTETS / 1024) {
    for (let i = 0; i < 16; i++) survivors.push(new Array(256).fill(0));
  }
  mayGrow(false);
}

/** When there is little load, a full collection makes the young generation small again. This lets it grow back. */
function followYoungGeneration(): void {
  let isGrowing = false;
  new PerformanceObserver((list) => {
    if (!isGrowing && !list.getEntries().some(isFull)) return;
    isGrowing = isSmall();
    mayGrow(isGrowing);
  }).observe({ entryTypes: ['gc'] });
}

function isFull(entry: PerformanceEntry): boolean {
  const { detail } = entry as PerformanceEntry & { readonly detail: NodeGCPerformanceDetail };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

/** Whether the young generation is doubled when enough has survived. */
function mayGrow(may: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${may ? 2 : 1}`);
}

function isSmall(): boolean {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return space !== undefined && space.space_used_size + space.space_available_size < YOUNG_OCTETS * USABLE_SHARE;
}
