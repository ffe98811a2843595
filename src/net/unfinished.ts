import type { StreamConnection } from './stream-connection.ts';

/** What connections keep of messages that are not whole yet, in octets of memory. */
export class Unfinished {
  /** The longest without a whole message come first. */
  private readonly byConnection = new Map<StreamConnection, number>();
  private total = 0;

  get octets(): number {
    return this.total;
  }

  /** Whose message has been unfinished for the longest; undefined where none is. */
  get longest(): StreamConnection | undefined {
    return this.byConnection.keys().next().value;
  }

  set(connection: StreamConnection, octets: number): void {
    this.total += octets - (this.byConnection.get(connection) ?? 0);
    if (octets > 0) this.byConnection.set(connection, octets);
    else this.byConnection.delete(connection);
  }
}
