import type { Clock, Timer } from '../../observe/clock.ts';
import { ByClient } from './by-client.ts';
import type { CloseReason, ConnectionEvents, ConnectionLimits, StreamConnection } from './stream-connection.ts';

/** What a listener allows. Times are milliseconds. */
export interface StreamLimits extends ConnectionLimits {
  /** At this number of connections, older ones make room for new ones, or new ones are closed: see {@link Connections.makeRoom}. */
  readonly maxConnections: number;
  /** Memory of all connections for incomplete messages. Beyond it, the connection with the oldest incomplete message is closed. */
  readonly maxUnfinishedOctets: number;
  /** Memory of all connections for unsent responses. Beyond it, the connection whose client has read nothing for the longest time is closed. */
  readonly maxUnsentOctets: number;
}

/** Counts of a listener's connections since its start. */
export interface StreamStats {
  open: number;
  accepted: number;
  /** Connections that were closed unread: the maximum number of connections was busy, or the system had no descriptor. */
  refused: number;
  /** Memory for incomplete messages. */
  unfinishedOctets: number;
  /** Memory for responses that clients have not read. */
  unsentOctets: number;
  readonly closed: Record<CloseReason, number>;
}

/** How often to look for expired connections: one may end this much later than due. */
const SWEEP_INTERVAL_MS = 250;

/** Connections that end for these reasons are reset, so that the kernel does not keep unsent data for them. */
const RESET: ReadonlySet<CloseReason> = new Set<CloseReason>(['displaced', 'write']);

/** The connections of a listener: how many there are, what they hold, and which of them makes room. */
export class Connections implements ConnectionEvents {
  readonly stats: StreamStats = createStats();
  private readonly clock: Clock;
  private readonly limits: StreamLimits;
  /** All connections, with what resets their accepted sockets. */
  private readonly resets = new Map<StreamConnection, () => void>();
  private readonly waitingForLast: (() => void)[] = [];
  /** Connections that wait for their clients, and connections whose clients wait. */
  private readonly idle = new ByClient<StreamConnection>();
  private readonly busy = new ByClient<StreamConnection>();
  private readonly unfinished = new HeldOctets();
  private readonly unsent = new HeldOctets();
  private sweep: Timer | undefined;

  constructor(clock: Clock, limits: StreamLimits) {
    this.clock = clock;
    this.limits = limits;
  }

  /**
   * Whether there is room for one more connection of a client. If there is none, the client with the most idle connections loses the one that has
   * been idle for the longest time. If no connection is idle, the client with the most connections loses its oldest one, provided that it has more
   * than the new client will have.
   */
  makeRoom(client: string): boolean {
    if (this.resets.size < this.limits.maxConnections) return true;
    const isHog = this.busy.max > this.busy.countOf(client) + 1;
    const connection = this.idle.first ?? (isHog ? this.busy.first : undefined);
    connection?.destroy('displaced');
    return connection !== undefined;
  }

  /** Adds a new connection, which is idle, with what resets its accepted socket. */
  add(connection: StreamConnection, reset: () => void): void {
    // The timer runs only while there are connections, so that an idle server does not wake up.
    if (this.resets.size === 0) this.sweep = this.clock.every(SWEEP_INTERVAL_MS, () => this.expireSoon());
    this.resets.set(connection, reset);
    this.idle.add(connection);
    this.stats.open++;
    this.stats.accepted++;
  }

  /** Replaces a connection by another one on the same socket. */
  replace(connection: StreamConnection, next: StreamConnection): void {
    this.resets.set(next, this.resets.get(connection)!);
    this.idle.add(next);
    this.forget(connection);
  }

  /** Settles when there is no connection. */
  async allClosed(): Promise<void> {
    if (this.resets.size > 0) await new Promise<void>((resolve) => this.waitingForLast.push(resolve));
  }

  /** All connections; some may end during the iteration. */
  [Symbol.iterator](): Iterator<StreamConnection> {
    return this.resets.keys();
  }

  onIdle(connection: StreamConnection): void {
    if (!this.resets.has(connection)) return;
    this.busy.delete(connection);
    this.idle.add(connection);
  }

  onBusy(connection: StreamConnection): void {
    if (!this.resets.has(connection)) return;
    this.idle.delete(connection);
    this.busy.add(connection);
  }

  onUnfinished(connection: StreamConnection, octets: number, progress: boolean): void {
    if (!this.resets.has(connection)) return;
    this.unfinished.set(connection, octets, progress);
    while (this.unfinished.octets > this.limits.maxUnfinishedOctets) this.unfinished.longest!.destroy('displaced');
    this.stats.unfinishedOctets = this.unfinished.octets;
  }

  onUnsent(connection: StreamConnection, octets: number, progress: boolean): void {
    if (!this.resets.has(connection)) return;
    this.unsent.set(connection, octets, progress);
    while (this.unsent.octets > this.limits.maxUnsentOctets) this.unsent.longest!.destroy('displaced');
    this.stats.unsentOctets = this.unsent.octets;
  }

  onClosed(connection: StreamConnection, reason: CloseReason): void {
    if (RESET.has(reason)) this.resets.get(connection)?.();
    this.forget(connection);
    this.stats.open--;
    this.stats.closed[reason]++;
    if (this.resets.size > 0) return;
    this.sweep?.cancel();
    for (const settle of this.waitingForLast.splice(0)) settle();
  }

  private forget(connection: StreamConnection): void {
    this.resets.delete(connection);
    this.idle.delete(connection);
    this.busy.delete(connection);
    this.unfinished.set(connection, 0, true);
    this.unsent.set(connection, 0, true);
    this.stats.unfinishedOctets = this.unfinished.octets;
    this.stats.unsentOctets = this.unsent.octets;
  }

  /** Runs after everything that has arrived is read: if the process itself was delayed, its clients are not late. */
  private expireSoon(): void {
    setImmediate(() => {
      const nowMs = this.clock.monotonic();
      for (const connection of this) connection.expire(nowMs);
    });
  }
}

function createStats(): StreamStats {
  const closed = {
    client: 0,
    handshake: 0,
    read: 0,
    idle: 0,
    write: 0,
    queries: 0,
    displaced: 0,
    shutdown: 0,
    error: 0,
  };
  return { open: 0, accepted: 0, refused: 0, unfinishedOctets: 0, unsentOctets: 0, closed };
}

/** The octets of one kind of memory that connections hold. */
class HeldOctets {
  /** The connections without progress for the longest time come first. */
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
