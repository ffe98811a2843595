import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 to collect early rather than to grow: a DNS server's garbage dies young, and the memory limit of its pod is a
 * promise to the node. Called before there is much of a heap: V8 does not give back what its young generation has grown to.
 *
 * Measured under load over 1,000 services: 125 MiB resident rather than 185 for replies that are made anew, at about a tenth more CPU for these.
 * Measured over 10,000 services: 116 MiB once they are listed, and 131 if this were called after all modules were loaded.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}
