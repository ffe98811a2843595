import type { Block } from './router.ts';

const MIN_UDP_SIZE = 512;
/** What fits into one UDP datagram over IPv6. */
const MAX_UDP_SIZE = 65_487;

/** How long a reply over UDP may be. RFC 6891 §6.2.3: values below 512 count as 512; without EDNS it is 512 (RFC 1035 §2.3.4). */
export function udpLimit(udpSize: number, block: Pick<Block, 'udpSize'>): number {
  return Math.min(Math.max(udpSize, MIN_UDP_SIZE), block.udpSize ?? MAX_UDP_SIZE);
}
