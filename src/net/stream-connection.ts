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
  /** Ends the connection if it has run out of time. */
  expire(nowMs: number): void;
  /** Takes no more queries, and ends once the replies to those in flight are written. */
  finish(reason: CloseReason): void;
  /** Ends the connection at once. */
  destroy(reason: CloseReason): void;
}

/** What a listener wants to know of its connections. */
export interface ConnectionEvents {
  /** The last query in flight got its reply. */
  onIdle(connection: StreamConnection): void;
  /** The first query is in flight. */
  onBusy(connection: StreamConnection): void;
  /** How many octets of messages that are not whole yet are kept for the connection; 0 as soon as one of them is whole. */
  onUnfinished(connection: StreamConnection, octets: number): void;
  /** Called once, and nothing after it. */
  onClosed(connection: StreamConnection, reason: CloseReason): void;
}
