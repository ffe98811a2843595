/** What one connection may cost. Times are milliseconds. */
export interface ConnectionLimits {
  /** How long a TLS handshake, and then the first message, may take. */
  readonly readMs: number;
  /** How long a connection is kept without a message. */
  readonly idleMs: number;
  /** How long a client may read nothing of what is sent to it. */
  readonly writeMs: number;
  /** At this number of queries without a response, no more are read. */
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

/** One client's connection, as its listener sees it. */
export interface StreamConnection {
  /** The key of the client, the same for all of its connections. */
  readonly client: string;
  /** Ends the connection if it has run out of time. */
  expire(nowMs: number): void;
  /** Takes no more queries, and ends once the responses to those in flight are written. */
  finish(reason: CloseReason): void;
  /** Ends the connection at once. */
  destroy(reason: CloseReason): void;
}

/** The events of a connection. */
export interface ConnectionEvents {
  /** From now on the connection waits for its client: for a query, for the rest of one, or until the client reads responses. */
  onIdle(connection: StreamConnection): void;
  /** The client waits for a response. */
  onBusy(connection: StreamConnection): void;
  /**
   * The octets that are kept of incomplete messages have changed.
   *
   * @param progress whether a message has become complete since the last call
   */
  onUnfinished(connection: StreamConnection, octets: number, progress: boolean): void;
  /**
   * The octets that are kept of responses that the client has not read yet have changed.
   *
   * @param progress whether the client has read some since the last call
   */
  onUnsent(connection: StreamConnection, octets: number, progress: boolean): void;
  /** Called once, and nothing after it; the connection's socket is destroyed then, and may be reset before. */
  onClosed(connection: StreamConnection, reason: CloseReason): void;
}
