/** `GET /v1/tail`: a line of JSON (application/x-ndjson) for each query, and notes between them. */
export type TailLine = TailQuery | TailNote;

/** A query, and what its client got. */
export interface TailQuery {
  /** When it came. */
  readonly time: string;
  readonly client: string;
  readonly clientPort: number;
  readonly server: string;
  readonly protocol: 'udp' | 'tcp';
  /** In zone-file text (RFC 1035 §5.1): no octet of it controls a terminal. */
  readonly name: string;
  readonly type: string;
  readonly class: string;
  /** The (folded) zone of the server block; missing if no block serves the name. */
  readonly zone?: string;
  /** Null if nothing was sent. */
  readonly rcode: string | null;
  /** The plugin that made the reply; empty for the server itself. */
  readonly plugin: string;
  /** Whether the response was given again without asking the plugins. */
  readonly repeated: boolean;
  /** How many records the answer has; of a zone transfer, only those that come before the zone's. */
  readonly answers: number;
  readonly requestOctets: number;
  readonly responseOctets: number;
  readonly durationMs: number;
  /** The client's namespace, if a plugin knows its pod. */
  readonly namespace?: string;
  /** Why the query failed. */
  readonly error?: string;
}

/** What is missing between two lines. */
export interface TailNote {
  /** Queries that were left out since the last note, because they came faster than the rate of the sample. */
  readonly sampledOut: number;
  /** Queries that were left out since the last note, because this viewer read too slowly. */
  readonly dropped: number;
}
