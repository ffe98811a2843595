import { parseIP } from '../../dns/ip.ts';

/** The octets of an IPv6 address that identify a client: one machine may have all addresses of a /64. */
const IPV6_PREFIX_OCTETS = 8;

/** The key of a client's connections: its IPv4 address, or the /64 of its IPv6 address. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address;
  const ip = parseIP(address.split('%', 1)[0]!);
  return ip ? Buffer.from(ip.subarray(0, IPV6_PREFIX_OCTETS)).toString('hex') : address;
}

/** What clients have, such as connections, by client; the oldest first. It knows at any time which client has the most. */
export class ByClient<T extends { readonly client: string }> {
  private readonly byClient = new Map<string, Set<T>>();
  /** The clients by how many they have; the ones that have had that number for the longest time come first. */
  private readonly byCount = new Map<number, Set<string>>();
  /** How many the client with the most has. */
  private most = 0;

  get max(): number {
    return this.most;
  }

  /** The oldest of the client with the most. */
  get first(): T | undefined {
    const [client = ''] = this.byCount.get(this.most) ?? [];
    const [first] = this.byClient.get(client) ?? [];
    return first;
  }

  countOf(client: string): number {
    return this.byClient.get(client)?.size ?? 0;
  }

  /** Adds one behind all others, or moves it there. */
  add(each: T): void {
    const { client } = each;
    const own = this.byClient.get(client) ?? new Set();
    const before = own.size;
    own.delete(each);
    this.byClient.set(client, own.add(each));
    this.move(client, before, own.size);
  }

  delete(each: T): void {
    const { client } = each;
    const own = this.byClient.get(client);
    if (!own?.delete(each)) return;
    if (own.size === 0) this.byClient.delete(client);
    this.move(client, own.size + 1, own.size);
  }

  private move(client: string, from: number, to: number): void {
    const left = this.byCount.get(from);
    left?.delete(client);
    if (left?.size === 0 && from !== to) this.byCount.delete(from);
    const entered = this.byCount.get(to);
    if (entered) entered.add(client);
    else if (to > 0) this.byCount.set(to, new Set([client]));
    // Counts change by one, so the client that had the most is next to the maximum now.
    if (to > this.most || !this.byCount.has(this.most)) this.most = to;
  }
}
