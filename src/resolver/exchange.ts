export type Protocol = 'udp' | 'tcp';

/** One question to one server. */
export interface Query {
  /** Absolute, with its trailing dot. */
  readonly name: string;
  readonly type: string;
  /** The server's address. */
  readonly server: string;
  readonly protocol: Protocol;
  /** Why it is sent now. */
  readonly why: string;
  /** The UDP payload size in the query's OPT record; undefined for a query without OPT. */
  readonly ednsOctets?: number;
  /** Whether AD is set in the query. */
  readonly ad?: boolean;
}

/** The parts of a response that stub resolvers look at. */
export interface Reply {
  /** The name of the code: NOERROR, NXDOMAIN, SERVFAIL, ... */
  readonly rcode: string;
  readonly aa: boolean;
  readonly ra: boolean;
  readonly tc: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  /** The OPT record is one of them. */
  readonly additionals: readonly Answer[];
  /** The extended errors of the OPT record (RFC 8914), such as `22 (No Reachable Authority): text`. */
  readonly extendedErrors: readonly string[];
  /** Why the server answered so, where the transport knows it. */
  readonly reason?: string;
}

/** A record of a response. */
export interface Answer {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  /** As `dns-packet` decodes it: text for addresses and names, an object for SRV, MX and the like. */
  readonly data: unknown;
}
