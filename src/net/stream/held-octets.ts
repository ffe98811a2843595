import type { StreamConnection } from './stream-connection.ts';

/** What connections hold of one kind, in octets of memory. */
export class HeldOctets {
  /** Those without progress for the longest time are first. */
  private readonly byConnection = new Map<StreamConnection, number>();
  private total = 0;

  get octets(): number {
    return this.total;
  }

  /** The connection without progress for the longest time; undefined if none holds octets. */
  get longest(): StreamConnection | undefined {
    return this.byConnection.keys().next().value;
  }

  /** @param progress whether the connection has made progress */
  set(connection: StreamConnection, octets: number, progress: boolean): void {
    const held = this.byConnection.get(connection) ?? 0;
    if (octets === 0 && held === 0) return;
    this.total += octets - held;
    if (progress || octets === 0) this.byConnection.delete(connection);
    if (octets > 0) this.byConnection.set(connection, octets);
  }
}
