import type { Block } from './router.ts';

const MIN_UDP_SIZE = 512;
/** The maximum payload of a UDP datagram over IPv6. */
const MAX_UDP_SIZE = 65_487;

/** The maximum size of a response over UDP: 512 without EDNS (RFC 1035 §2.3.4). Smaller values in EDNS count as 512 (RFC 6891 §6.2.3). */
export function udpLimit(udpSize: number, block: Pick<Block, 'udpSize'>): number {
  return Math.min(Math.max(udpSize, MIN_UDP_SIZE), block.udpSize ?? MAX_UDP_SIZE);
}
