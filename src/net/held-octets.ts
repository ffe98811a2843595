import type { StreamConnection } from './stream-connection.ts';

/** What connections hold of one kind, in octets of memory. */
export class HeldOctets {
  /** Those that have come no further for the longest are first. */
  private readonly byConnection = new Map<StreamConnection, number>();
  private total = 0;

  get octets(): number {
    return this.total;
  }

  /** Whose octets have come no further for the longest; undefined where nobody holds any. */
  get longest(): StreamConnection | undefined {
    return this.byConnection.keys().next().value;
  }

  /** @param progress whether the connection has come further than it was */
  set(connection: StreamConnection, octets: number, progress: boolean): void {
    const held = this.byConnection.get(connection) ?? 0;
    if (octets === 0 && held === 0) return;
    this.total += octets - held;
    if (progress || octets === 0) this.byConnection.delete(connection);
    if (octets > 0) this.byConnection.set(connection, octets);
  }
}
