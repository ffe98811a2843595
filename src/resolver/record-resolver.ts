import type { ResolverOptions as NodeResolverOptions, RecordWithTtl } from 'node:dns';
import { isIP } from 'node:net';
import { parseIP } from '../dns/ip.ts';
import { reverseName } from '../dns/reverse.ts';
import type { CallOptions, RecordResolver } from './api.ts';
import { checkName, withCode, wrongType, wrongValue } from './arguments.ts';
import { ResolverError, syscallOf } from './error.ts';
import type { Answer } from './exchange.ts';
import type { Explainer } from './explainer.ts';
import type { HostsLine } from './hosts.ts';
import { inAscii } from './lookup.ts';
import { reasonOf } from './reason.ts';
import { asAny, asCaa, asMx, asNaptr, asSoa, asSrv, asText, asTlsa, asTxt } from './records.ts';
import { readServer } from './run.ts';
import type { Settings } from './settings.ts';

const DNS_PORT = 53;

type AddressOptions = CallOptions & { readonly ttl?: boolean | undefined };

/** `resolve*`, `reverse` and the rest of `dns.promises.Resolver`, by what an explainer finds. */
export function createRecordResolver(
  explainer: Explainer,
  hosts: readonly HostsLine[],
  options?: NodeResolverOptions,
): RecordResolver {
  let settings = checkOptions(options);
  let from: { readonly 4?: string | undefined; readonly 6?: string | undefined } = {};
  const under = new Set<AbortController>();

  /** Looks up records until `cancel` or the signal of the call ends it. */
  const query = async (name: string, type: string, syscall: string, asked: string, { signal }: CallOptions = {}) => {
    const cancelling = new AbortController();
    under.add(cancelling);
    try {
      const explanation = await explainer.explain(
        { name, types: [type], kind: 'records' },
        {
          settings,
          signal: signal ? AbortSignal.any([signal, cancelling.signal]) : cancelling.signal,
          localAddress: ({ address }) => from[isIP(address) === 6 ? 6 : 4],
        },
      );
      const { result } = explanation;
      if (result.ok) return result.answers;
      throw new ResolverError(result.code, syscall, asked, reasonOf(explanation) ?? result.why);
    } catch (error) {
      if (!cancelling.signal.aborted) throw error;
      throw new ResolverError('ECANCELLED', syscall, asked, 'cancel() ended it');
    } finally {
      under.delete(cancelling);
    }
  };
  const answersOf = (name: string, type: string, call?: CallOptions): Promise<readonly Answer[]> => {
    checkName('name', name);
    return query(inAscii(name), type, syscallOf(type), name, call);
  };
  const resolving =
    <T>(type: string, convert: (data: unknown) => T) =>
    async (name: string, call?: CallOptions): Promise<T[]> =>
      (await answersOf(name, type, call)).filter((answer) => answer.type === type).map(({ data }) => convert(data));
  const resolvingAddresses = (type: 'A' | 'AAAA') =>
    (async (name: string, call: AddressOptions = {}) => {
      const answers = await answersOf(name, type, call);
      const found = answers.filter((answer) => answer.type === type).map((answer) => withTtl(answer, answers));
      return call.ttl ? found : found.map(({ address }) => address);
    }) as RecordResolver['resolve4'];
  const resolveSoa = async (name: string, call?: CallOptions) => (await resolving('SOA', asSoa)(name, call))[0]!;
  const methods = {
    resolve4: resolvingAddresses('A'),
    resolve6: resolvingAddresses('AAAA'),
    resolveAny: async (name: string) => (await answersOf(name, 'ANY')).flatMap(asAny),
    resolveCaa: resolving('CAA', asCaa),
    resolveCname: resolving('CNAME', asText),
    resolveMx: resolving('MX', asMx),
    resolveNaptr: resolving('NAPTR', asNaptr),
    resolveNs: resolving('NS', asText),
    resolvePtr: resolving('PTR', asText),
    resolveSoa,
    resolveSrv: resolving('SRV', asSrv),
    resolveTlsa: resolving('TLSA', asTlsa),
    resolveTxt: resolving('TXT', asTxt),
  };
  return {
    ...methods,
    resolve: ((name: string, type: unknown = 'A') => resolverOf(methods, type)(name)) as RecordResolver['resolve'],
    async reverse(address, call) {
      checkName('name', address);
      const ip = parseIP(address);
      if (!ip) throw new ResolverError('EINVAL', 'getHostByAddr', address, 'not an IP address', -22);
      const names = explainer.stub.local.hosts ? namesIn(hosts, address) : [];
      if (names.length > 0) return names;
      const answers = await query(`${reverseName(ip)}`, 'PTR', 'getHostByAddr', address, call);
      return answers.filter(({ type }) => type === 'PTR').map(({ data }) => asText(data));
    },
    cancel() {
      for (const one of under) one.abort();
    },
    getServers: () => [...(settings.nameservers ?? explainer.settings.nameservers)],
    setServers(servers) {
      settings = { ...settings, nameservers: servers.map(checkServer) };
    },
    setLocalAddress(ipv4 = '0.0.0.0', ipv6 = '::0') {
      checkName('ipv4', ipv4);
      checkName('ipv6', ipv6);
      for (const address of [ipv4, ipv6])
        if (isIP(address) === 0) throw wrongValue('address', 'an IP address', address);
      from = Object.fromEntries([ipv4, ipv6].map((address) => [isIP(address), address]));
    },
  };
}

type ByMethod = Readonly<Record<string, unknown>>;

/** `resolve(name, 'A')` is `resolve4(name)`, `resolve(name, 'SRV')` is `resolveSrv(name)`. */
function resolverOf(methods: ByMethod, type: unknown): (name: string) => Promise<unknown> {
  if (typeof type !== 'string') throw wrongType('rrtype', 'a string', type);
  const method =
    type === 'A' ? 'resolve4' : type === 'AAAA' ? 'resolve6' : `resolve${type[0]}${type.slice(1).toLowerCase()}`;
  const found = type === type.toUpperCase() && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!found) throw wrongValue('rrtype', 'A, AAAA, ANY, CAA, CNAME, MX, NAPTR, NS, PTR, SOA, SRV, TLSA or TXT', type);
  return found as (name: string) => Promise<unknown>;
}

/** The TTL is the least of the address and of the CNAME records on the way to it. */
function withTtl({ data, ttl }: Answer, answers: readonly Answer[]): RecordWithTtl {
  const chain = answers.filter(({ type }) => type === 'CNAME').map((answer) => answer.ttl);
  return { address: String(data), ttl: Math.min(ttl, ...chain) };
}

function namesIn(hosts: readonly HostsLine[], address: string): string[] {
  return hosts.filter((line) => line.address === address).flatMap(({ names }) => names);
}

function checkOptions(options: NodeResolverOptions = {}): Partial<Settings> {
  const { timeout, tries, maxTimeout } = options as { timeout?: unknown; tries?: unknown; maxTimeout?: unknown };
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
  throw withCode('ERR_OUT_OF_RANGE', `"options.${option}" must be a whole number from ${least} on, not ${value}`);
}

function checkServer(server: unknown): string {
  checkName('server', server);
  const { address, port } = readServer(server as string, DNS_PORT);
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) !== 0) return port === DNS_PORT ? bare : isIP(bare) === 6 ? `[${bare}]:${port}` : `${bare}:${port}`;
  throw withCode('ERR_INVALID_IP_ADDRESS', `"${server}" is not ADDRESS or ADDRESS:PORT`);
}
