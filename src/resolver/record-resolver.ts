import type { ResolverOptions as NodeResolverOptions, RecordWithTtl } from 'node:dns';
import { isIP } from 'node:net';
import { parseIP } from '../dns/ip.ts';
import { reverseName } from '../dns/reverse.ts';
import type { CallOptions, RecordResolver } from './api.ts';
import { checkName, outOfRange, withCode, wrongType, wrongValue } from './arguments.ts';
import { ResolverError, syscallOf } from './error.ts';
import type { Answer } from './exchange.ts';
import type { Explainer } from './explainer.ts';
import { aliasesOfAddress, type HostsLine, namesOfAddress } from './hosts.ts';
import { inAscii } from './lookup.ts';
import { reasonOf } from './reason.ts';
import { asAny, asCaa, asMx, asNaptr, asSoa, asSrv, asText, asTlsa, asTxt } from './records.ts';
import { readServer } from './run.ts';
import type { Settings } from './settings.ts';
import type { Stub } from './stub.ts';

const DNS_PORT = 53;
/** As libuv numbers it. */
const EINVAL = -22;
/** What leaves the address to the system. */
const ANY_IPV4 = '0.0.0.0';
const ANY_IPV6 = '::0';

type AddressOptions = CallOptions & { readonly ttl?: boolean | undefined };

/** One question for the records of a type, and how its failure is told. */
interface Asked {
  readonly name: string;
  readonly type: string;
  readonly syscall: string;
  /** What the program asked for. */
  readonly hostname: string;
}

type Ask = (asked: Asked, call?: CallOptions) => Promise<readonly Answer[]>;

/** `resolve*`, `reverse` and the rest of `dns.promises.Resolver`, by what an explainer finds. */
export function createRecordResolver(
  explainer: Explainer,
  hosts: readonly HostsLine[],
  options?: NodeResolverOptions,
): RecordResolver {
  const { ask, ...channel } = createChannel(explainer, options);
  const methods = resolveMethods(ask);
  return {
    ...channel,
    ...methods,
    resolve: ((name: string, type: unknown = 'A') => resolverOf(methods, type)(name)) as RecordResolver['resolve'],
    reverse(address, call) {
      checkName('name', address);
      const ip = parseIP(address);
      const asked = { name: ip ? reverseName(ip) : '', type: 'PTR', syscall: 'getHostByAddr', hostname: address };
      if (!ip) return Promise.reject(new ResolverError('EINVAL', asked.syscall, address, 'not an IP address', EINVAL));
      const names = namesIn(hosts, address, explainer.stub);
      if (names) return Promise.resolve(names);
      return ask(asked, call ?? {}).then((answers) => ofType(answers, 'PTR').map(({ data }) => asText(data)));
    },
  };
}

/** What asks for the resolver, with the servers, addresses and time limits that the program chose; and what it has under way. */
function createChannel(explainer: Explainer, options: NodeResolverOptions | undefined) {
  let settings = checkOptions(options);
  let from: Readonly<Record<number, string>> = {};
  const underWay = new Set<AbortController>();
  const ask: Ask = async ({ name, type, syscall, hostname }, { signal } = {}) => {
    const cancelling = new AbortController();
    underWay.add(cancelling);
    try {
      const explanation = await explainer.explain(
        { name, types: [type], kind: 'records' },
        {
          settings,
          signal: signal ? AbortSignal.any([signal, cancelling.signal]) : cancelling.signal,
          localAddress: ({ address }) => from[isIP(address)],
        },
      );
      const { result } = explanation;
      if (result.ok) return result.answers;
      const code = syscall === 'getHostByAddr' && isCAres(explainer.stub) ? 'ENOTFOUND' : result.code;
      throw new ResolverError(code, syscall, hostname, reasonOf(explanation) ?? result.why);
    } catch (error) {
      if (!cancelling.signal.aborted) throw error;
      throw new ResolverError('ECANCELLED', syscall, hostname, 'cancel() ended it');
    } finally {
      underWay.delete(cancelling);
    }
  };
  return {
    ask,
    cancel() {
      for (const one of underWay) one.abort();
    },
    getServers: () => [...(settings.nameservers ?? explainer.settings.nameservers)],
    setServers(servers: readonly string[]) {
      if (!Array.isArray(servers)) throw wrongType('servers', 'an array of addresses', servers);
      settings = { ...settings, nameservers: [...new Set(servers.map(checkServer))] };
    },
    setLocalAddress(ipv4 = ANY_IPV4, ipv6 = ANY_IPV6) {
      checkName('ipv4', ipv4);
      checkName('ipv6', ipv6);
      const given = [ipv4, ipv6];
      for (const address of given) if (isIP(address) === 0) throw wrongValue('address', 'an IP address', address);
      const chosen = given.filter((address) => address !== ANY_IPV4 && address !== ANY_IPV6);
      from = Object.fromEntries(chosen.map((address) => [isIP(address), address]));
    },
  };
}

/** It has one code for whatever keeps it from the names of an address. */
function isCAres({ name }: Stub): boolean {
  return name === 'node' || name === 'c-ares';
}

function resolveMethods(ask: Ask) {
  const answersOf = (name: string, type: string, call?: CallOptions | null): Promise<readonly Answer[]> => {
    checkName('name', name);
    return ask({ name: inAscii(name), type, syscall: syscallOf(type), hostname: name }, call ?? {});
  };
  const resolving =
    <T>(type: string, convert: (data: unknown) => T) =>
    (name: string, call?: CallOptions): Promise<T[]> =>
      answersOf(name, type, call).then((answers) => ofType(answers, type).map(({ data }) => convert(data)));
  const resolvingAddresses = (type: 'A' | 'AAAA') =>
    ((name: string, call?: AddressOptions | null) =>
      answersOf(name, type, call).then((answers) => {
        const found = ofType(answers, type).map((answer) => withTtl(answer, answers));
        return call?.ttl ? found : found.map(({ address }) => address);
      })) as RecordResolver['resolve4'];
  return {
    resolve4: resolvingAddresses('A'),
    resolve6: resolvingAddresses('AAAA'),
    resolveAny: (name: string) => answersOf(name, 'ANY').then((answers) => answers.flatMap(asAny)),
    resolveCaa: resolving('CAA', asCaa),
    resolveCname: resolving('CNAME', asText),
    resolveMx: resolving('MX', asMx),
    resolveNaptr: resolving('NAPTR', asNaptr),
    resolveNs: resolving('NS', asText),
    resolvePtr: resolving('PTR', asText),
    resolveSoa: (name: string, call?: CallOptions) => resolving('SOA', asSoa)(name, call).then(([record]) => record!),
    resolveSrv: resolving('SRV', asSrv),
    resolveTlsa: resolving('TLSA', asTlsa),
    resolveTxt: resolving('TXT', asTxt),
  };
}

const RECORD_TYPES = 'A AAAA ANY CAA CNAME MX NAPTR NS PTR SOA SRV TLSA TXT'.split(' ');

type ByMethod = Readonly<Record<string, unknown>>;

/** `resolve(name, 'A')` is `resolve4(name)`, `resolve(name, 'SRV')` is `resolveSrv(name)`. */
function resolverOf(methods: ByMethod, type: unknown): (name: string) => Promise<unknown> {
  if (typeof type !== 'string') throw wrongType('rrtype', 'a string', type);
  const method =
    type === 'A' ? 'resolve4' : type === 'AAAA' ? 'resolve6' : `resolve${type[0]}${type.slice(1).toLowerCase()}`;
  const found = type === type.toUpperCase() && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!found)
    throw wrongValue(
      'rrtype',
      'A, AAAA, ANY, CAA, CNAME, MX, NAPTR, NS, PTR, SOA, SRV, TLSA or TXT',
      type,
      RECORD_TYPES,
    );
  return found as (name: string) => Promise<unknown>;
}

/** The TTL is the least of the address and of the CNAME records on the way to it. */
function withTtl({ data, ttl }: Answer, answers: readonly Answer[]): RecordWithTtl {
  const chain = answers.filter(({ type }) => type === 'CNAME').map((answer) => answer.ttl);
  return { address: String(data), ttl: Math.min(ttl, ...chain) };
}

/** Those of the hosts file, where the stub resolver reads it and the file has some. */
function namesIn(hosts: readonly HostsLine[], address: string, { name, local }: Stub): string[] | undefined {
  if (!local.hosts) return undefined;
  if (name === 'node') return aliasesOfAddress(hosts, address);
  const names = namesOfAddress(hosts, address);
  return names.length > 0 ? names : undefined;
}

function ofType(answers: readonly Answer[], type: string): readonly Answer[] {
  return answers.filter((answer) => answer.type === type);
}

function checkOptions(options: NodeResolverOptions | null | undefined): Partial<Settings> {
  const { timeout, tries, maxTimeout } = (options ?? {}) as {
    timeout?: unknown;
    tries?: unknown;
    maxTimeout?: unknown;
  };
  return {
    ...(isGiven('timeout', timeout, -1) && timeout >= 0 && { timeoutMs: timeout }),
    ...(isGiven('tries', tries, 1) && { attempts: tries }),
    ...(isGiven('maxTimeout', maxTimeout, 0) && maxTimeout > 0 && { maxTimeoutMs: maxTimeout }),
  };
}

function isGiven(option: string, value: unknown, least: number): value is number {
  if (value === undefined) return false;
  if (typeof value !== 'number') throw wrongType(`options.${option}`, 'a number', value);
  if (Number.isInteger(value) && value >= least) return true;
  throw outOfRange(`options.${option}`, `a whole number from ${least} on`, value);
}

function checkServer(server: unknown): string {
  checkName('server', server);
  const { address, port } = readServer(server as string, DNS_PORT);
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return port === DNS_PORT ? bare : isIP(bare) === 6 ? `[${bare}]:${port}` : `${bare}:${port}`;
  throw withCode('ERR_INVALID_IP_ADDRESS', `"${server}" is not ADDRESS or ADDRESS:PORT`);
}
