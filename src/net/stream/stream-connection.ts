/** What one connection may cost. Times are milliseconds. */
export interface ConnectionLimits {
  /** How long a TLS handshake, and then the first message, may take. */
  readonly readMs: number;
  /** How long a connection is kept without a message. */
  readonly idleMs: number;
  /** How long a client may take nothing of what is sent to it. */
  readonly writeMs: number;
  /** At this many queries without a reply, no more are taken. */
  readonly maxInFlight: number;
  /** After this many queries the connection ends; 0 for any number. */
  readonly maxQueries: number;
}

/** Why a connection ended. */
export type CloseReason =
  | 'client'
  | 'handshake'
  | 'read'
  | 'idle'
  | 'write'
  | 'queries'
  | 'displaced'
  | 'shutdown'
  | 'error';

/** One client's connection, as far as its listener minds it. */
export interface StreamConnection {
  /** What all connections of the same client have in common. */
  readonly client: string;
  /** Ends the connection if it has run out of time. */
  expire(nowMs: number): void;
  /** Takes no more queries, and ends once the replies to those in flight are written. */
  finish(reason: CloseReason): void;
  /** Ends the connection at once. */
  destroy(reason: CloseReason): void;
}

/** What a listener wants to know of its connections. */
export interface ConnectionEvents {
  /** From now on the connection waits for its client: for a query, for the rest of one, or until the client reads replies. */
  onIdle(connection: StreamConnection): void;
  /** The client waits for a reply. */
  onBusy(connection: StreamConnection): void;
  /**
   * How many octets are kept of incomplete messages.
   *
   * @param progress whether one has become whole since
   */
  onUnfinished(connection: StreamConnection, octets: number, progress: boolean): void;
  /**
   * How many octets are kept of replies that the client has not read yet.
   *
   * @param progress whether it has read some since
   */
  onUnsent(connection: StreamConnection, octets: number, progress: boolean): void;
  /** Called once, and nothing after it; the connection's socket is destroyed then, and may be reset before. */
  onClosed(connection: StreamConnection, reason: CloseReason): void;
}
