import dns from 'node:dns';
import { isIP } from 'node:net';
import type { RecordResolver } from '../../resolver/index.ts';
import type { PodResolver } from '../pods.ts';
import { type Cares, type Channel, type LookupRequest, settle } from './cares.ts';
import { isOwn } from './own.ts';
import type { Replacements } from './replacements.ts';

/** Whether a failed lookup goes on to the real resolver. */
export type GoesOn = (error: NodeJS.ErrnoException, name: string) => boolean;

const DNS_PORT = 53;

/** What channels do, and which method of a `Resolver` it is for. */
const QUERIES = {
  queryAny: 'resolveAny',
  queryA: 'resolve4',
  queryAaaa: 'resolve6',
  queryCaa: 'resolveCaa',
  queryCname: 'resolveCname',
  queryMx: 'resolveMx',
  queryNaptr: 'resolveNaptr',
  queryNs: 'resolveNs',
  queryPtr: 'resolvePtr',
  querySoa: 'resolveSoa',
  querySrv: 'resolveSrv',
  queryTlsa: 'resolveTlsa',
  queryTxt: 'resolveTxt',
  getHostByAddr: 'reverse',
} as const;

type Query = keyof typeof QUERIES;
type Ask = (this: Channel, request: LookupRequest, name: string) => number;

/** Makes the channels of all resolvers ask as the pod, also the one behind `dns.resolve4` and its kin. */
export function installChannels({ replace }: Replacements, cares: Cares, pod: PodResolver, goesOn: GoesOn): void {
  const { prototype } = cares.ChannelWrap;
  const made = new WeakMap<Channel, RecordResolver>();
  /** Those that the program told to ask servers of this machine. They really do. */
  const own = new WeakSet<Channel>();
  const resolverOf = (channel: Channel): RecordResolver => {
    const resolver = made.get(channel) ?? new pod.Resolver();
    made.set(channel, resolver);
    return resolver;
  };

  for (const query of Object.getOwnPropertyNames(prototype).filter(isQuery)) {
    replace(prototype as unknown as Record<Query, Ask>, query, (before) => {
      return function (this: Channel, request, name) {
        const goOn = () => before.call(this, request, name);
        // Node.js says what is wrong with an address.
        if (own.has(this) || (query === 'getHostByAddr' && isIP(name) === 0)) return goOn();
        const found = find(resolverOf(this), query, name);
        return settle(request, { found, goesOn: (error) => goesOn(error, name), goOn });
      };
    });
  }
  replace(prototype, 'cancel', (before) => {
    return function (this: Channel) {
      resolverOf(this).cancel();
      before.call(this);
    };
  });
  replace(prototype, 'getServers', (before) => {
    return function (this: Channel) {
      return own.has(this) ? before.call(this) : resolverOf(this).getServers().map(parseServer);
    };
  });
  replace(prototype, 'setServers', (before) => {
    return function (this: Channel, servers) {
      const isOwnNow = servers.length > 0 && servers.every(([, address]) => isOwn(address));
      own[isOwnNow ? 'add' : 'delete'](this);
      if (isOwnNow) return before.call(this, servers);
      resolverOf(this).setServers(servers.map(printServer));
      return 0;
    };
  });
  replace(prototype, 'setLocalAddress', (before) => {
    return function (this: Channel, ipv4, ipv6) {
      if (own.has(this)) before.call(this, ipv4, ipv6);
      else resolverOf(this).setLocalAddress(ipv4, ipv6);
    };
  });
  // `dns.setServers` makes all of these anew, for a resolver of their own.
  for (const object of [dns, dns.promises] as unknown as Record<string, unknown>[])
    for (const name of Object.keys(object).filter((key) => /^(resolve|reverse$|getServers$)/.test(key)))
      replace(object, name, (before) => before);
  for (const object of [dns, dns.promises] as { Resolver: ResolverClass }[])
    replace(object, 'Resolver', (before) =>
      withOptions(before, (channel, options) => made.set(channel, new pod.Resolver(options))),
    );
}

const isQuery = (name: string): name is Query => name in QUERIES;

/** What a query finds, as the arguments of `oncomplete`. */
async function find(resolver: RecordResolver, query: Query, name: string): Promise<unknown[]> {
  if (query !== 'queryA' && query !== 'queryAaaa') return [await resolver[QUERIES[query]](name)];
  const records = await resolver[QUERIES[query]](name, { ttl: true });
  return [records.map(({ address }) => address), records.map(({ ttl }) => ttl)];
}

type ResolverClass = new (options?: dns.ResolverOptions) => dns.Resolver;

/** The class as it is; `tell` gets the options, which channels do not give away. */
function withOptions(
  Class: ResolverClass,
  tell: (channel: Channel, options?: dns.ResolverOptions) => void,
): ResolverClass {
  return new Proxy(Class, {
    construct(target, args: [dns.ResolverOptions?], newTarget) {
      const self = Reflect.construct(target, args, newTarget) as { readonly _handle: Channel };
      tell(self._handle, args[0]);
      return self;
    },
  });
}

/** `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`. */
function parseServer(text: string): [string, number] {
  if (isIP(text) !== 0) return [text, DNS_PORT];
  const colon = text.lastIndexOf(':');
  return [text.slice(0, colon).replace(/^\[|\]$/g, ''), Number(text.slice(colon + 1))];
}

function printServer([family, address, port]: readonly [family: number, address: string, port: number]): string {
  return `${family === 6 ? `[${address}]` : address}:${port}`;
}
