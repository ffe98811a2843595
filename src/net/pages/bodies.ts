import type { StreamConnection } from '../stream/stream-connection.ts';

/** The bodies of responses that clients are still reading. A body that several clients read is kept once. */
export class Bodies {
  private readonly maxOctets: number;
  /** The oldest come first. */
  private readonly takers = new Map<Uint8Array, Set<StreamConnection>>();
  private total = 0;

  /** @param maxOctets the limit of all bodies together; beyond it, the clients that still read the oldest body are cut off */
  constructor(maxOctets: number) {
    this.maxOctets = maxOctets;
  }

  get octets(): number {
    return this.total;
  }

  add(body: Uint8Array, connection: StreamConnection): void {
    const takers = this.takers.get(body);
    if (takers) {
      takers.add(connection);
      return;
    }
    this.takers.set(body, new Set([connection]));
    this.total += body.length;
    while (this.total > this.maxOctets && this.takers.size > 1) this.displaceOldest();
  }

  delete(body: Uint8Array, connection: StreamConnection): void {
    const takers = this.takers.get(body);
    if (!takers?.delete(connection) || takers.size > 0) return;
    this.takers.delete(body);
    this.total -= body.length;
  }

  private displaceOldest(): void {
    const [oldest] = this.takers;
    if (!oldest) return;
    const [body, takers] = oldest;
    for (const connection of takers) {
      this.delete(body, connection);
      connection.destroy('displaced');
    }
  }
}
