import { constants, type NodeGCPerformanceDetail, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * How large each half of V8's young generation is while there is load. It has to hold what all queries in flight need, several times
 * over: what survives two collections is taken for old, and old garbage costs far more.
 */
const YOUNG_OCTETS = 4 * 1024 * 1024;
/** The pages' own headers are not free for objects. */
const USABLE_SHARE = 0.75;

/**
 * Tells V8 to collect early rather than to grow: a DNS server's garbage dies young, and the memory limit of its pod is a
 * promise to the node. Called before there is much of a heap: V8 does not give back what its young generation has grown to under load.
 *
 * Measured with 200 queries in flight, all forwarded: 60 µs of CPU for each with 1 MiB, 36 with 2, 32 with 4, 27 with 8; and
 * resident after it 119, 122, 123 and 130 MiB.
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

/** V8 takes the size from its command line alone, but grows when enough has survived. */
function growYoungGeneration(): void {
  mayGrow(true);
  const survivors: unknown[] = [];
  while (isSmall() && survivors.length < YOUNG_OCTETS / 1024) {
    for (let i = 0; i < 16; i++) survivors.push(new Array(256).fill(0));
  }
  mayGrow(false);
}

/** When little happens, V8 makes the young generation small again, in a full collection. Then it may grow back. */
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
