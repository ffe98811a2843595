import {
  atLeastArgs,
  domainName,
  durationMs,
  exactArgs,
  integer,
  noArgs,
  oneOf,
  parseOptions,
  rcode,
  zonesArgument,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import { zonesOf } from '../../corefile/key.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { canonicalIP } from '../../dns/ip.ts';
import { Rcode } from '../../dns/message.ts';
import { type Name, ROOT } from '../../dns/name.ts';
import { parsePeer } from '../../net/addresses.ts';
import type { Peer } from '../../net/transport.ts';
import { type Hedge, parseHedge, parseRace } from './hedge.ts';
import { POLICIES, type PolicyName } from './policy.ts';
import { parseTarget, type Target } from './target.ts';
import { checkServernames, parseServername, parseTls, type TlsFiles } from './tls-options.ts';

/** More upstreams than this are an error, as in CoreDNS. */
export const MAX_UPSTREAMS = 15;

export interface HealthCheck {
  /** The time between two probes; 0 for no probes. */
  readonly intervalMs: number;
  readonly recursionDesired: boolean;
  /** The name whose NS records are asked for. */
  readonly domain: Name;
}

/** One use of the directive. */
export interface Stanza {
  readonly position: Position;
  /** The zones to forward; several if FROM is an address block with several reverse zones. */
  readonly from: readonly Name[];
  readonly to: readonly Target[];
  readonly except: readonly Name[];
  readonly forceTcp: boolean;
  readonly preferUdp: boolean;
  readonly expireMs: number;
  readonly maxAgeMs: number;
  readonly maxIdleConns: number;
  readonly readTimeoutMs: number;
  readonly maxFails: number;
  /** Twice the number of upstreams if undefined; 0 for no limit but the time. */
  readonly maxConnectAttempts: number | undefined;
  readonly policy: PolicyName;
  readonly healthCheck: HealthCheck;
  readonly maxConcurrent: number;
  /** The rcodes after which the query goes on to the next stanza. */
  readonly next: readonly number[];
  readonly nextOnNodata: boolean;
  readonly failfast: boolean;
  /** The rcodes after which the query goes on to the next upstream. */
  readonly failover: readonly number[];
  /** Undefined if one upstream is asked after the other. */
  readonly hedge: Hedge | undefined;
  readonly sourceAddress: string | undefined;
  /** The TLS files for encrypted upstreams. */
  readonly tls: TlsFiles;
  /** The name in the certificates of encrypted upstreams, except for a TO with its own name. */
  readonly tlsServername: string | undefined;
  readonly dohMethod: 'GET' | 'POST';
  /** The servers that resolve host names among TO; without any, the system's resolver does. */
  readonly resolvers: readonly Peer[];
}

type Options = { -readonly [K in Exclude<keyof Stanza, 'position' | 'from' | 'to'>]: Stanza[K] };

/** @throws CorefileError, CorefileErrors */
export function parseStanza(use: Directive): Stanza {
  const [from, firstTo, ...moreTo] = atLeastArgs(use, 2);
  const to = [firstTo, ...moreTo].map(parseTarget);
  if (to.length > MAX_UPSTREAMS) {
    throw new CorefileError(firstTo.position, `more than ${MAX_UPSTREAMS} TOs configured: ${to.length}`);
  }
  const options: Options = {
    ...{ except: [], forceTcp: false, preferUdp: false, expireMs: 10_000, maxAgeMs: 0, maxIdleConns: 0 },
    ...{ readTimeoutMs: 2000, maxFails: 2, maxConnectAttempts: undefined, policy: 'random', maxConcurrent: 0 },
    healthCheck: { intervalMs: 500, recursionDesired: true, domain: ROOT },
    ...{
      next: [],
      nextOnNodata: false,
      failfast: false,
      failover: [],
      hedge: undefined,
      sourceAddress: undefined,
      resolvers: [],
    },
    tls: { position: use.position, identity: undefined, ca: undefined },
    ...{ tlsServername: undefined, dohMethod: 'POST' },
  };
  parseOptions(use, handlersFor(options));
  if (options.maxAgeMs > 0 && options.maxAgeMs < options.expireMs) {
    const line = use.options.findLast(({ name }) => name === 'max_age')!;
    throw new CorefileError(line.position, `max_age must not be shorter than expire (${options.expireMs} ms)`);
  }
  const line = use.options.findLast(({ name }) => name === 'hedge' || name === 'race');
  if (line && use.options.some(({ name }) => name === (line.name === 'hedge' ? 'race' : 'hedge'))) {
    throw new CorefileError(line.position, "'hedge' and 'race' exclude each other: choose one");
  }
  if (options.tlsServername !== undefined) checkServernames(to, [firstTo, ...moreTo]);
  return { position: use.position, from: zonesIn(from), to, ...options };
}

/** The zones of FROM, which must not be empty. */
function zonesIn(token: Token): readonly Name[] {
  return [...new Set(atToken(token, () => zonesOf(token.text)))];
}

function handlersFor(options: Options): Record<string, (line: OptionLine) => void> {
  const duration = (line: OptionLine, range?: { minMs: number }) => durationMs(exactArgs(line, 1)[0], range);
  const count = (line: OptionLine) => integer(exactArgs(line, 1)[0], { min: 0 }, line.name);
  const flag = (key: 'forceTcp' | 'preferUdp' | 'nextOnNodata' | 'failfast') => (line: OptionLine) => {
    noArgs(line);
    options[key] = true;
  };
  return {
    except: (line) => {
      options.except = [...options.except, ...zonesArgument(atLeastArgs(line, 1), [])];
    },
    force_tcp: flag('forceTcp'),
    prefer_udp: flag('preferUdp'),
    expire: (line) => {
      options.expireMs = duration(line);
    },
    max_age: (line) => {
      options.maxAgeMs = duration(line);
    },
    max_idle_conns: (line) => {
      options.maxIdleConns = count(line);
    },
    read_timeout: (line) => {
      options.readTimeoutMs = duration(line, { minMs: 1 });
    },
    max_fails: (line) => {
      options.maxFails = count(line);
    },
    max_connect_attempts: (line) => {
      options.maxConnectAttempts = count(line);
    },
    policy: (line) => {
      options.policy = oneOf(exactArgs(line, 1)[0], POLICIES);
    },
    health_check: (line) => {
      options.healthCheck = parseHealthCheck(line);
    },
    max_concurrent: (line) => {
      options.maxConcurrent = count(line);
    },
    next: (line) => {
      options.next = [...options.next, ...atLeastArgs(line, 1).map(rcode)];
    },
    next_on_nodata: flag('nextOnNodata'),
    failfast_all_unhealthy_upstreams: flag('failfast'),
    failover: (line) => {
      options.failover = [...options.failover, ...atLeastArgs(line, 1).map(failureRcode)];
    },
    hedge: (line) => {
      options.hedge = parseHedge(line);
    },
    race: (line) => {
      options.hedge = parseRace(line, MAX_UPSTREAMS);
    },
    source_address: (line) => {
      options.sourceAddress = address(exactArgs(line, 1)[0]);
    },
    resolver: (line) => {
      options.resolvers = [...options.resolvers, ...atLeastArgs(line, 1).map(endpoint)];
    },
    tls: (line) => {
      options.tls = parseTls(line);
    },
    tls_servername: (line) => {
      options.tlsServername = parseServername(exactArgs(line, 1)[0]);
    },
    doh_method: (line) => {
      options.dohMethod = oneOf(exactArgs(line, 1)[0], ['GET', 'POST']);
    },
  };
}

function parseHealthCheck(line: OptionLine): HealthCheck {
  const [interval, ...rest] = atLeastArgs(line, 1);
  let recursionDesired = true;
  let domain: Name = ROOT;
  for (let i = 0; i < rest.length; i++) {
    if (oneOf(rest[i]!, ['no_rec', 'domain']) === 'no_rec') recursionDesired = false;
    else domain = domainName(rest[++i] ?? missingArgument(rest.at(-1)!));
  }
  return { intervalMs: durationMs(interval), recursionDesired, domain };
}

function missingArgument({ text, position }: Token): never {
  throw new CorefileError(position, `Wrong argument count or unexpected line ending after '${text}'`);
}

function failureRcode(token: Token): number {
  const code = rcode(token);
  if (code !== Rcode.NOERROR) return code;
  throw new CorefileError(
    token.position,
    `'failover' cannot take NOERROR: it would ask every upstream for every query`,
  );
}

function address({ text, position }: Token): string {
  const canonical = canonicalIP(text);
  if (canonical !== undefined) return canonical;
  throw new CorefileError(position, `'${text}' is not an IP address`);
}

function endpoint({ text, position }: Token): Peer {
  const parsed = parsePeer(text);
  if (parsed) return parsed;
  throw new CorefileError(position, `'${text}' is not an IP address, expecting IP, IP:PORT or [IPv6]:PORT`);
}
