import dns from 'node:dns';
import type { PodResolver } from '../../../src/testing/index.ts';

/** As much of a pod as Node.js has. */
export type NodeDns = Pick<
  PodResolver,
  'lookup' | Extract<keyof PodResolver, `resolve${string}`> | 'reverse' | 'Resolver'
>;

/** Node's own functions; `lookup` is the one of `dns` with a callback and the one of `dns.promises` without. */
export const nodeDns = {
  ...dns.promises,
  lookup: (...args: unknown[]) =>
    (typeof args.at(-1) === 'function' ? (dns.lookup as Ask) : (dns.promises.lookup as Ask))(...args),
} as unknown as NodeDns;

type Ask = (...args: unknown[]) => unknown;

/** How a call ended: what it gave, with which error it rejected, or which error it threw at once. */
export type Outcome = { readonly value: unknown } | { readonly rejected: object } | { readonly thrown: object };

type Call = (dns: NodeDns) => Promise<unknown>;

const WEB = 'web.shop.svc.cluster.local';
const QUICK = { timeout: 200, tries: 1 };
const { ADDRCONFIG, V4MAPPED, ALL } = dns;

const given =
  (...args: unknown[]): Call =>
  ({ lookup }) =>
    (lookup as Ask)(...args) as Promise<unknown>;
/** The arguments of the callback, as an array. */
const called =
  (...args: unknown[]): Call =>
  ({ lookup }) =>
    new Promise((resolve, reject) => {
      (lookup as Ask)(...args, (error: unknown, ...found: unknown[]) => (error ? reject(error) : resolve(found)));
    });

/** What is asked of both, by its text. */
export const ROWS: Readonly<Record<string, Call>> = {
  // getaddrinfo, as a promise
  'lookup a short name': given('web'),
  'lookup another namespace': given('api.other'),
  'lookup a whole name': given(WEB),
  'lookup a name with a dot at its end': given(`${WEB}.`),
  'lookup in capitals': given('WEB'),
  'lookup a headless service': given('db', { all: true }),
  'lookup a pod of it': given('db-1.db'),
  'lookup an ExternalName service': given('mail'),
  'lookup outside': given('www.example.com', { all: true, order: 'ipv4first' }),
  'lookup outside, as it comes': given('www.example.com', { all: true }),
  'lookup outside, IPv6 first': given('www.example.com', { all: true, order: 'ipv6first' }),
  'lookup outside, not verbatim': given('www.example.com', { all: true, verbatim: false }),
  'lookup IPv4': given('www.example.com', { family: 4 }),
  'lookup IPv6': given('www.example.com', { family: 6 }),
  'lookup "IPv6"': given('www.example.com', { family: 'IPv6' }),
  'lookup with the family alone': given('www.example.com', 6),
  'lookup with ADDRCONFIG': given('www.example.com', { all: true, hints: ADDRCONFIG }),
  'lookup IPv6 with ADDRCONFIG': given('www.example.com', { family: 6, hints: ADDRCONFIG }),
  'lookup with V4MAPPED': given('web', { family: 6, hints: V4MAPPED }),
  'lookup with V4MAPPED and ALL': given('www.example.com', { family: 6, all: true, hints: V4MAPPED | ALL }),
  'lookup with V4MAPPED, where nothing is': given('wbe', { family: 6, hints: V4MAPPED }),
  'lookup IPv6 of a service without': given('web', { family: 6 }),
  'lookup what does not exist': given('wbe'),
  'lookup all of what does not exist': given('wbe', { all: true }),
  'lookup a name without addresses': given('text.records.test'),
  'lookup at a server that fails': given('a.servfail.test.'),
  'lookup at a server that refuses': given('a.refused.test.'),
  'lookup an address': given('192.0.2.1'),
  'lookup an address of the other family': given('::1', { family: 4 }),
  'lookup all of an address': given('192.0.2.1', { all: true }),
  'lookup a short address': given('127.1'),
  'lookup a number': given('0x7f000001'),
  'lookup localhost': given('localhost'),
  'lookup localhost, IPv4': given('localhost', { family: 4 }),
  'lookup all of localhost': given('localhost', { all: true }),
  'lookup localhost in capitals': given('LocalHost', { family: 4 }),
  'lookup the own name': given('db-0'),
  'lookup the own full name': given(`db-0.db.shop.svc.cluster.local`),
  'lookup an alias of the hosts file': given('legacy', { all: true }),
  'lookup an alias with a dot': given('legacy.test'),
  'lookup IPv6 of an alias': given('legacy', { family: 6 }),
  'lookup nothing': given(''),
  'lookup all of nothing': given('', { all: true }),
  'lookup an umlaut': given('bücher.example'),
  'lookup what is not a host name': given('a b'),
  'lookup an empty label': given('a..b'),
  'lookup with a wrong family': given('web', { family: 5 }),
  'lookup with wrong hints': given('web', { hints: 1 }),
  'lookup with a wrong order': given('web', { order: 'random' }),
  'lookup with a wrong verbatim': given('web', { verbatim: 'yes' }),
  'lookup with a wrong all': given('web', { all: 1 }),
  'lookup with wrong options': given('web', 'IPv4'),
  'lookup of a number': given(80),
  // and with a callback
  'lookup, called back': called('web'),
  'lookup, called back with all': called('db', { all: true }),
  'lookup, called back with a family': called('www.example.com', 6),
  'lookup, called back with the name of a family': called('www.example.com', { family: 'IPv6' }),
  'lookup, called back with an error': called('wbe'),
  'lookup, called back for an address': called('192.0.2.1'),
  'lookup, called back for all of an address': called('192.0.2.1', { all: true }),
  'lookup, called back for nothing': called(''),
  'lookup, called back as net.connect does': called('web', { family: 0, hints: ADDRCONFIG, all: true }),
  // c-ares
  'resolve4 of a short name': (dns) => dns.resolve4('web'),
  'resolve4 of a whole name': (dns) => dns.resolve4(WEB),
  'resolve4 with a dot at its end': (dns) => dns.resolve4(`${WEB}.`),
  'resolve4 with TTLs': (dns) => dns.resolve4(WEB, { ttl: true }),
  'resolve4 without TTLs': (dns) => dns.resolve4(WEB, { ttl: false }),
  'resolve4 of an ExternalName service': (dns) => dns.resolve4('mail.shop.svc.cluster.local', { ttl: true }),
  'resolve4 of an address': (dns) => dns.resolve4('192.0.2.1'),
  'resolve4 of localhost': (dns) => dns.resolve4('localhost'),
  'resolve4 of an alias of the hosts file': (dns) => dns.resolve4('legacy'),
  'resolve4 of an umlaut': (dns) => dns.resolve4('bücher.example'),
  'resolve4 of an empty label': (dns) => dns.resolve4('a..b'),
  'resolve4 of nothing': (dns) => dns.resolve4(''),
  'resolve4 of a number': (dns) => dns.resolve4(80 as never),
  'resolve6 of a service without': (dns) => dns.resolve6(WEB),
  'resolve6 outside': (dns) => dns.resolve6('www.example.com', { ttl: true }),
  'resolve6 of what does not exist': (dns) => dns.resolve6('wbe.shop.svc.cluster.local'),
  'resolveSrv of a short name': (dns) => dns.resolveSrv('_pg._tcp.db'),
  'resolveSrv of a whole name': (dns) => dns.resolveSrv('_pg._tcp.db.shop.svc.cluster.local'),
  'resolveSrv of what does not exist': (dns) => dns.resolveSrv('_pg._tcp.bd.shop.svc.cluster.local'),
  resolveCname: (dns) => dns.resolveCname('alias.records.test'),
  resolveMx: (dns) => dns.resolveMx('records.test'),
  resolveNs: (dns) => dns.resolveNs('records.test'),
  resolveTxt: (dns) => dns.resolveTxt('text.records.test'),
  resolveCaa: (dns) => dns.resolveCaa('records.test'),
  resolveNaptr: (dns) => dns.resolveNaptr('records.test'),
  resolveSoa: (dns) => dns.resolveSoa('records.test'),
  resolveTlsa: (dns) => dns.resolveTlsa('_443._tcp.records.test'),
  resolvePtr: (dns) => dns.resolvePtr('20.0.96.10.in-addr.arpa'),
  resolveAny: (dns) => dns.resolveAny('text.records.test'),
  'resolveAny of a service': (dns) => dns.resolveAny(WEB),
  'resolveMx without data': (dns) => dns.resolveMx(WEB),
  resolve: (dns) => dns.resolve(WEB),
  'resolve with a type': (dns) => dns.resolve('_pg._tcp.db.shop.svc.cluster.local', 'SRV'),
  'resolve of SOA': (dns) => dns.resolve('records.test', 'SOA'),
  'resolve of ANY': (dns) => dns.resolve('text.records.test', 'ANY'),
  'resolve with a wrong type': (dns) => dns.resolve(WEB, 'a' as never),
  'resolve with a type that does not exist': (dns) => dns.resolve(WEB, 'NOSUCH' as never),
  'resolve with a number': (dns) => dns.resolve(WEB, 1 as never),
  'resolve4 at a server that fails': (dns) => dns.resolve4('a.servfail.test'),
  'resolve4 at a server that refuses': (dns) => dns.resolve4('a.refused.test'),
  'reverse of a service': (dns) => dns.reverse('10.96.0.20'),
  'reverse of a pod': (dns) => dns.reverse('10.244.0.2'),
  'reverse of nothing': (dns) => dns.reverse('10.96.99.99'),
  'reverse of what is not an address': (dns) => dns.reverse('web'),
  'reverse of a number': (dns) => dns.reverse(10 as never),
  'reverse of localhost': (dns) => dns.reverse('127.0.0.1'),
  'reverse of ::1': (dns) => dns.reverse('::1'),
  'reverse of the own address': (dns) => dns.reverse('10.244.0.1'),
  'reverse of an alias': (dns) => dns.reverse('192.0.2.9'),
  'reverse of an alias with one name': (dns) => dns.reverse('192.0.2.10'),
  // The class
  'Resolver.resolve4': (dns) => new dns.Resolver().resolve4(WEB),
  'Resolver.resolve4 at a silent server': (dns) => new dns.Resolver(QUICK).resolve4('a.silent.test'),
  'Resolver.reverse at a silent server': (dns) => new dns.Resolver(QUICK).reverse('10.66.0.1'),
  'Resolver.reverse at a server that fails': (dns) => new dns.Resolver(QUICK).reverse('10.67.0.1'),
  'Resolver.reverse at a server that refuses': (dns) => new dns.Resolver(QUICK).reverse('10.68.0.1'),
  'Resolver.cancel': (dns) => {
    const resolver = new dns.Resolver();
    const asking = Promise.allSettled([resolver.resolve4('a.silent.test'), resolver.resolveSrv('b.silent.test')]);
    resolver.cancel();
    return asking.then((ended) => ended.map((one) => propertiesOf((one as PromiseRejectedResult).reason)));
  },
  'Resolver.cancel of reverse': (dns) => {
    const resolver = new dns.Resolver();
    const asking = resolver.reverse('10.96.0.20');
    resolver.cancel();
    return asking;
  },
  'Resolver.cancel, and go on': (dns) => {
    const resolver = new dns.Resolver();
    resolver.cancel();
    return resolver.resolve4(WEB);
  },
  'Resolver.getServers': async (dns) => new dns.Resolver().getServers(),
  'Resolver.setServers': async (dns) => {
    const resolver = new dns.Resolver();
    resolver.setServers([
      '192.0.2.1',
      '192.0.2.1:53',
      '192.0.2.1:5353',
      '[2001:db8::1]',
      '[2001:db8::1]:5353',
      '2001:db8::2',
    ]);
    return resolver.getServers();
  },
  'Resolver.setServers, and ask': (dns) => {
    const resolver = new dns.Resolver(QUICK);
    resolver.setServers(['10.96.0.10']);
    return resolver.resolve4(WEB);
  },
  'Resolver.setServers of what is not an address': async (dns) => new dns.Resolver().setServers(['web']),
  'Resolver.setServers of a number': async (dns) => new dns.Resolver().setServers([1] as never),
  'Resolver.setLocalAddress of what is not an address': async (dns) => new dns.Resolver().setLocalAddress('web'),
  'Resolver.setLocalAddress': (dns) => {
    const resolver = new dns.Resolver();
    resolver.setLocalAddress('10.244.0.1');
    return resolver.resolve4(WEB);
  },
  'Resolver with a wrong timeout': async (dns) => new dns.Resolver({ timeout: 'soon' as never }),
  'Resolver with a wrong number of tries': async (dns) => new dns.Resolver({ tries: 0 }),
  'Resolver with a timeout below -1': async (dns) => new dns.Resolver({ timeout: -2 }),
};

/** Makes every call, one after the other. */
export async function outcomesOf(dns: NodeDns): Promise<Record<string, Outcome>> {
  const outcomes: Record<string, Outcome> = {};
  for (const [text, call] of Object.entries(ROWS)) outcomes[text] = await outcomeOf(call, dns);
  return outcomes;
}

async function outcomeOf(call: Call, dns: NodeDns): Promise<Outcome> {
  let calling: Promise<unknown>;
  try {
    calling = call(dns);
  } catch (error) {
    return { thrown: propertiesOf(error) };
  }
  return calling.then(
    (value) => ({ value: plain(value) }),
    (error) => ({ rejected: propertiesOf(error) }),
  );
}

/** Everything of an error but its text; Node's own errors of arguments have their class. */
function propertiesOf(error: unknown): object {
  const { code, errno, syscall, hostname } = error as NodeJS.ErrnoException & { hostname?: string };
  const isArgument = String(code).startsWith('ERR_');
  return isArgument
    ? { code, class: (error as Error).constructor.name }
    : { code, errno: errno ?? null, syscall, hostname };
}

/** What JSON would lose. */
function plain(value: unknown): unknown {
  if (value === undefined) return 'undefined';
  return JSON.parse(JSON.stringify(value, (_, one) => (one instanceof ArrayBuffer ? [...new Uint8Array(one)] : one)));
}
