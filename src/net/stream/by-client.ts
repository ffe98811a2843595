import { parseIP } from '../../dns/ip.ts';
import type { StreamConnection } from './stream-connection.ts';

/** The octets of an IPv6 address that identify a client: one machine may have all addresses of a /64. */
const IPV6_PREFIX_OCTETS = 8;

/** The key of a client's connections: its IPv4 address, or the /64 of its IPv6 address. */
export function clientKey(address: string): string {
  if (!address.includes(':')) return address;
  const ip = parseIP(address.split('%', 1)[0]!);
  return ip ? Buffer.from(ip.subarray(0, IPV6_PREFIX_OCTETS)).toString('hex') : address;
}

/** Connections by client, the oldest first. It knows at any time which client has the most. */
export class ConnectionsByClient {
  private readonly byClient = new Map<string, Set<StreamConnection>>();
  /** The clients by their number of connections; the ones that have had that number for the longest time come first. */
  private readonly byCount = new Map<number, Set<string>>();
  /** How many connections the client with the most has. */
  private most = 0;

  get max(): number {
    return this.most;
  }

  /** The oldest connection of the client with the most. */
  get first(): StreamConnection | undefined {
    const [client = ''] = this.byCount.get(this.most) ?? [];
    const [connection] = this.byClient.get(client) ?? [];
    return connection;
  }

  countOf(client: string): number {
    return this.byClient.get(client)?.size ?? 0;
  }

  /** Adds a connection behind all others, or moves it there. */
  add(connection: StreamConnection): void {
    const { client } = connection;
    const own = this.byClient.get(client) ?? new Set();
    const before = own.size;
    own.delete(connection);
    this.byClient.set(client, own.add(connection));
    this.move(client, before, own.size);
  }

  delete(connection: StreamConnection): void {
    const { client } = connection;
    const own = this.byClient.get(client);
    if (!own?.delete(connection)) return;
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
