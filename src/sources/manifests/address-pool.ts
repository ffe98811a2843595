import { type IP, type Prefix, parseIP, prefixContains, printIP } from '../../dns/ip.ts';
import type { Family } from './manifest.ts';

/** Of a larger network only the first addresses are used. */
const MAX_HOST_BITS = 32;

export function familyOfNetwork({ ip }: Prefix): Family {
  return ip.length === 4 ? 'IPv4' : 'IPv6';
}

/** The addresses of one network. */
export class AddressPool {
  readonly family: Family;
  private readonly cidr: Prefix;
  private readonly first: number;
  private readonly size: number;
  private readonly taken = new Set<string>();
  private exhausted = false;

  constructor(cidr: Prefix) {
    this.cidr = cidr;
    this.family = familyOfNetwork(cidr);
    const all = 2 ** Math.min(cidr.ip.length * 8 - cidr.bits, MAX_HOST_BITS);
    // As in Kubernetes, the address of the network and the last one, which is the broadcast address in IPv4, are not used.
    this.first = all > 2 ? 1 : 0;
    this.size = all > 2 ? all - 2 : all;
  }

  occupy(ip: string): void {
    if (prefixContains(this.cidr, parseIP(ip)!)) this.taken.add(ip);
  }

  /** The first free address at or after the place that the hash gives. */
  take(hash: number): string | undefined {
    for (let i = 0; i < this.size && !this.exhausted; i++) {
      const ip = printIP(addressAt(this.cidr, this.first + ((hash + i) % this.size)));
      if (this.taken.has(ip)) continue;
      this.taken.add(ip);
      return ip;
    }
    this.exhausted = true;
    return undefined;
  }
}

function addressAt({ ip }: Prefix, offset: number): IP {
  const address = Uint8Array.from(ip);
  for (let i = address.length - 1, rest = offset; rest > 0; i--, rest = Math.floor(rest / 256)) {
    address[i] = address[i]! + (rest % 256);
  }
  return address;
}

/** FNV-1a with 32 bits, mixed once more: otherwise names that differ only in their last letter would be neighbours. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(text)) hash = Math.imul(hash ^ octet, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
