import type { CaaRecord, LookupAddress, MxRecord, NaptrRecord, SoaRecord, SrvRecord } from 'node:dns';
import type { Peer } from '../net/transport.ts';
import type { Clock } from '../observe/clock.ts';
import type { Answer, Protocol, Query, Reply } from './exchange.ts';
import type { StubSetup } from './plan.ts';
import type { LookupResult } from './result.ts';
import type { Settings } from './settings.ts';
import type { Candidate, StubName } from './stub.ts';

/**
 * Sends one message to one server and resolves with the octets of the response, or with undefined if none will come: then the resolver waits for its
 * time-out. A rejection means that the server cannot be reached (ECONNREFUSED), which a resolver sees at once. The signal ends the wait.
 */
export type Transport = (
  message: Uint8Array,
  server: Peer,
  protocol: Protocol,
  signal: AbortSignal,
) => Promise<Uint8Array | undefined>;

export interface ResolverOptions extends StubSetup {
  /** The port of every nameserver; 53 by default. */
  readonly port?: number;
  /** UDP and TCP sockets by default. */
  readonly transport?: Transport;
  readonly clock?: Clock;
  /** Gives numbers from 0 up to 1, for example for `rotate`. */
  readonly random?: () => number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface LookupOptions extends CallOptions {
  /** 0, the default, means both. */
  readonly family?: 0 | 4 | 6;
}

/** Every query of a lookup, and its outcome. */
export interface Explanation {
  readonly name: string;
  readonly stub: StubName;
  readonly settings: Settings;
  /** The candidates in their order; `tried` says whether the lookup asked for this one. */
  readonly candidates: readonly (Candidate & { readonly tried: boolean })[];
  /** In the order in which they were sent. */
  readonly queries: readonly ExplainedQuery[];
  readonly result: LookupResult;
  /** The addresses found, in the order of the responses. */
  readonly addresses: readonly string[];
  readonly elapsedMs: number;
}

export type Outcome =
  | 'answer'
  | 'nodata'
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  | 'formerr'
  | 'notimp'
  | 'truncated'
  /** No response came in time. */
  | 'timeout'
  | 'unreachable';

export interface ExplainedQuery extends Query {
  /** The time since the lookup began. */
  readonly sentMs: number;
  readonly elapsedMs: number;
  readonly outcome: Outcome;
  readonly reply?: Reply;
}

/**
 * Looks up names like one of the stub resolvers, with the methods of `node:dns/promises`. Failures are `ResolverError`s with Node's codes.
 */
export interface Resolver {
  /** The first address, as getaddrinfo finds it: with the search list, A and AAAA. */
  lookup(name: string, options?: LookupOptions & { readonly all?: false }): Promise<LookupAddress>;
  lookup(name: string, options: LookupOptions & { readonly all: true }): Promise<LookupAddress[]>;
  /** The records of one type, as res_search finds them. */
  resolve(name: string, type: string, options?: CallOptions): Promise<Answer[]>;
  resolve4(name: string, options?: CallOptions): Promise<string[]>;
  resolve6(name: string, options?: CallOptions): Promise<string[]>;
  resolveCaa(name: string, options?: CallOptions): Promise<CaaRecord[]>;
  resolveCname(name: string, options?: CallOptions): Promise<string[]>;
  resolveMx(name: string, options?: CallOptions): Promise<MxRecord[]>;
  resolveNaptr(name: string, options?: CallOptions): Promise<NaptrRecord[]>;
  resolveNs(name: string, options?: CallOptions): Promise<string[]>;
  resolvePtr(name: string, options?: CallOptions): Promise<string[]>;
  resolveSoa(name: string, options?: CallOptions): Promise<SoaRecord>;
  resolveSrv(name: string, options?: CallOptions): Promise<SrvRecord[]>;
  resolveTxt(name: string, options?: CallOptions): Promise<string[][]>;
  /** The names of an address. */
  reverse(address: string, options?: CallOptions): Promise<string[]>;
  /** Looks the name up and reports every step. A name that is not found is not an error here. */
  explain(name: string, options?: CallOptions & { readonly type?: string }): Promise<Explanation>;
}
