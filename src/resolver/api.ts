import type {
  CaaRecord,
  LookupAddress,
  LookupAllOptions,
  LookupOneOptions,
  MxRecord,
  NaptrRecord,
  LookupOptions as NodeLookupOptions,
  ResolverOptions as NodeResolverOptions,
  RecordWithTtl,
  ResolveOptions,
  ResolveWithTtlOptions,
  SoaRecord,
  SrvRecord,
} from 'node:dns';
import type { resolve, resolveAny } from 'node:dns/promises';
import type { Peer } from '../net/transport.ts';
import type { Clock } from '../observe/clock.ts';
import type { Protocol, Query, Reply } from './exchange.ts';
import type { LookupPlan, StubSetup } from './plan.ts';
import type { LookupResult } from './result.ts';
import type { Settings } from './settings.ts';
import type { Candidate, StubName } from './stub.ts';

/** What a transport brings back. */
export interface Brought {
  readonly octets: Uint8Array;
  /** Why the server answered so, where it says it; errors of a lookup carry it. */
  readonly reason?: string | undefined;
  /** How long the response took; counts with `simulatedTime`, and is 0 by default. */
  readonly afterMs?: number;
}

/**
 * Sends one message to one server and resolves with the octets of the response, or with undefined if none will come: then the resolver waits for its
 * time-out. So it does after `silence`, but with `simulatedTime` that wait takes no time. A rejection means that the server cannot be reached
 * (ECONNREFUSED), which a resolver sees at once; a CairnError with the code STOPPED ends the lookup. The signal, one for each lookup, ends the wait. `localAddress` is the address that the program chose with
 * `setLocalAddress`.
 */
export type Transport = (
  message: Uint8Array,
  server: Peer,
  protocol: Protocol,
  signal: AbortSignal,
  localAddress?: string,
) => Promise<Uint8Array | Brought | 'silence' | undefined>;

export interface ResolverOptions extends StubSetup {
  /** The stub resolver of `resolve*` and `reverse`; that of `lookup` by default. `stubsOfProgram` gives both. */
  readonly recordsStub?: StubName | undefined;
  /** The text of the hosts file; empty by default. */
  readonly hosts?: string | undefined;
  /** The families of the machine's own addresses, which decide which addresses come first; both by default. */
  readonly families?: readonly (4 | 6)[] | undefined;
  /** The port of every nameserver; 53 by default. */
  readonly port?: number;
  /** UDP and TCP sockets by default. */
  readonly transport?: Transport;
  readonly clock?: Clock;
  /**
   * Measures lookups by what they wait for, not by the clock: a response takes what the transport says, and a wait in which no response can come is
   * skipped. So an explanation is the same on every machine.
   */
  readonly simulatedTime?: boolean;
  /** Called with every lookup that has ended. */
  readonly onLookup?: (explanation: Explanation) => void;
  /** Gives numbers from 0 up to 1, for example for `rotate`. */
  readonly random?: () => number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The options of `dns.lookup`, and a signal. */
export interface LookupOptions extends NodeLookupOptions, CallOptions {}

/** Every query of a lookup, and its outcome. */
export interface Explanation {
  readonly name: string;
  readonly stub: StubName;
  readonly settings: Settings;
  /** The candidates in their order; `tried` says whether the lookup asked for this one. */
  readonly candidates: readonly (Candidate & { readonly tried: boolean })[];
  /** In the order in which they were sent; none for an address, and for a name of the hosts file. */
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

type Failed = NodeJS.ErrnoException | null;

/** `dns.lookup` with a callback, and `dns.promises.lookup` without one: getaddrinfo, with hosts file and search list. */
export interface Lookup {
  (name: string, callback: (error: Failed, address: string, family: number) => void): void;
  (name: string, family: number, callback: (error: Failed, address: string, family: number) => void): void;
  (
    name: string,
    options: LookupOneOptions & CallOptions,
    callback: (error: Failed, address: string, family: number) => void,
  ): void;
  (
    name: string,
    options: LookupAllOptions & CallOptions,
    callback: (error: Failed, addresses: LookupAddress[]) => void,
  ): void;
  (
    name: string,
    options: LookupOptions,
    callback: (error: Failed, address: string | LookupAddress[], family: number) => void,
  ): void;
  (name: string, options: LookupAllOptions & CallOptions): Promise<LookupAddress[]>;
  (name: string, options?: (LookupOneOptions & CallOptions) | number): Promise<LookupAddress>;
  (name: string, options: LookupOptions): Promise<LookupAddress | LookupAddress[]>;
}

/** The addresses of one family, each with its TTL if `ttl` says so. */
export interface ResolveAddresses {
  (name: string, options: ResolveWithTtlOptions & CallOptions): Promise<RecordWithTtl[]>;
  (name: string, options?: CallOptions & { readonly ttl?: false | undefined }): Promise<string[]>;
  (name: string, options: ResolveOptions & CallOptions): Promise<string[] | RecordWithTtl[]>;
}

/** As in `node:dns`, whose types for Node.js 22.15 do not have it. */
export interface TlsaRecord {
  certUsage: number;
  selector: number;
  match: number;
  data: ArrayBuffer;
}

/** The methods of `dns.promises.Resolver`. Those for one record type also take a signal. */
export interface RecordResolver {
  resolve: typeof resolve;
  resolve4: ResolveAddresses;
  resolve6: ResolveAddresses;
  resolveAny: typeof resolveAny;
  resolveCaa(name: string, options?: CallOptions): Promise<CaaRecord[]>;
  resolveCname(name: string, options?: CallOptions): Promise<string[]>;
  resolveMx(name: string, options?: CallOptions): Promise<MxRecord[]>;
  resolveNaptr(name: string, options?: CallOptions): Promise<NaptrRecord[]>;
  resolveNs(name: string, options?: CallOptions): Promise<string[]>;
  resolvePtr(name: string, options?: CallOptions): Promise<string[]>;
  resolveSoa(name: string, options?: CallOptions): Promise<SoaRecord>;
  resolveSrv(name: string, options?: CallOptions): Promise<SrvRecord[]>;
  resolveTlsa(name: string, options?: CallOptions): Promise<TlsaRecord[]>;
  resolveTxt(name: string, options?: CallOptions): Promise<string[][]>;
  /** The names of an address. */
  reverse(address: string, options?: CallOptions): Promise<string[]>;
  /** Ends all lookups of `resolve*` and `reverse` that are under way, with ECANCELLED. */
  cancel(): void;
  getServers(): string[];
  /** From now on these are asked: `ADDRESS` or `ADDRESS:PORT`. */
  setServers(servers: readonly string[]): void;
  /** From now on queries come from these addresses. */
  setLocalAddress(ipv4?: string, ipv6?: string): void;
}

/**
 * Looks up names like one of the stub resolvers, as `node:dns/promises` does: a program that takes `dns.promises`, a `dns.promises.Resolver` or a
 * `lookup` takes this. Failures are `ResolverError`s with Node's codes.
 */
export interface Resolver extends RecordResolver {
  readonly lookup: Lookup;
  /** A class like `dns.promises.Resolver`: each instance has its servers, time limits and lookups. */
  readonly Resolver: new (
    options?: NodeResolverOptions,
  ) => RecordResolver;
  /** Looks the name up and reports every step. A name that is not found is not an error here. */
  explain(name: string, options?: CallOptions & { readonly type?: string }): Promise<Explanation>;
  /** What a lookup asks for if the name is not found. No server is asked, and the value is the same in every run. */
  plan(name: string, options?: { readonly type?: string }): LookupPlan;
}
