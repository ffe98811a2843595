import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { parseIP } from '../dns/ip.ts';
import { reverseName } from '../dns/reverse.ts';
import { systemClock } from '../observe/clock.ts';
import type { CallOptions, Explanation, LookupOptions, Resolver, ResolverOptions } from './api.ts';
import type { Answer } from './exchange.ts';
import { explanationOf } from './explain.ts';
import { readSettings } from './plan.ts';
import { asCaa, asMx, asNaptr, asSoa, asSrv, asText, asTxt } from './records.ts';
import { type LookupSuccess, ResolverError } from './result.ts';
import { type Network, run } from './run.ts';
import type { Question } from './stub.ts';
import { stubs } from './stubs.ts';
import { socketTransport } from './transport.ts';

const DNS_PORT = 53;

const FAMILY_TYPES: Readonly<Record<0 | 4 | 6, readonly string[]>> = { 0: ['A', 'AAAA'], 4: ['A'], 6: ['AAAA'] };

/**
 * A resolver that sends the same queries as one of the stub resolvers, and decides in the same way. It keeps no state between lookups: no cache, no
 * memory of servers.
 */
export function createResolver(options: ResolverOptions): Resolver {
  const { transport = socketTransport, port = DNS_PORT, clock = systemClock, random = Math.random } = options;
  const stub = stubs[options.stub ?? 'glibc'];
  const settings = readSettings(options);
  const network: Network = { transport, port, clock };

  const explainQuestion = async (question: Question, signal?: AbortSignal): Promise<Explanation> => {
    const candidates = stub.candidates(question, settings);
    const types = stub.types(question, settings);
    const machine = stub.lookup({ kind: question.kind, candidates, types, settings, random, startMs: 0 });
    const ran = await run(machine, network, signal);
    return explanationOf({ name: question.name, stub: stub.name, settings, candidates }, ran);
  };
  const succeed = async (question: Question, syscall: string, signal?: AbortSignal): Promise<LookupSuccess> => {
    const { result } = await explainQuestion(question, signal);
    if (!result.ok) throw new ResolverError(result.code, syscall, question.name, result.why);
    return result;
  };
  const addresses = async (name: string, { family = 0, signal }: LookupOptions): Promise<LookupAddress[]> => {
    const literal = isIP(name);
    if (literal !== 0) return [{ address: name, family: literal }];
    const types = FAMILY_TYPES[family];
    const { answers } = await succeed({ name, types, kind: 'addresses' }, 'getaddrinfo', signal);
    return answers
      .filter(({ type }) => types.includes(type))
      .map(({ type, data }) => ({ address: String(data), family: type === 'A' ? 4 : 6 }));
  };
  const resolve = async (name: string, type: string, { signal }: CallOptions = {}): Promise<Answer[]> => {
    const upper = type.toUpperCase();
    const question: Question = { name, types: [upper], kind: 'records' };
    const { answers } = await succeed(question, `query${upper[0]}${upper.slice(1).toLowerCase()}`, signal);
    return answers.filter((answer) => answer.type === upper);
  };
  const resolving =
    <T>(type: string, convert: (data: unknown) => T) =>
    async (name: string, callOptions?: CallOptions): Promise<T[]> =>
      (await resolve(name, type, callOptions)).map(({ data }) => convert(data));
  const resolvePtr = resolving('PTR', asText);

  return {
    lookup: (async (name: string, lookupOptions: LookupOptions & { all?: boolean } = {}) => {
      const all = await addresses(name, lookupOptions);
      return lookupOptions.all ? all : all[0]!;
    }) as Resolver['lookup'],
    resolve,
    resolve4: resolving('A', asText),
    resolve6: resolving('AAAA', asText),
    resolveCaa: resolving('CAA', asCaa),
    resolveCname: resolving('CNAME', asText),
    resolveMx: resolving('MX', asMx),
    resolveNaptr: resolving('NAPTR', asNaptr),
    resolveNs: resolving('NS', asText),
    resolvePtr,
    resolveSoa: async (name, callOptions) => (await resolving('SOA', asSoa)(name, callOptions))[0]!,
    resolveSrv: resolving('SRV', asSrv),
    resolveTxt: resolving('TXT', asTxt),
    async reverse(address, callOptions) {
      const ip = parseIP(address);
      if (!ip) throw new ResolverError('EINVAL', 'getHostByAddr', address, 'not an IP address');
      return resolvePtr(reverseName(ip), callOptions);
    },
    explain: (name, { type, signal } = {}) =>
      explainQuestion(
        type === undefined
          ? { name, types: FAMILY_TYPES[0], kind: 'addresses' }
          : { name, types: [type.toUpperCase()], kind: 'records' },
        signal,
      ),
  };
}
