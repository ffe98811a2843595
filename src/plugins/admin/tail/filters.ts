import { expectingOneOf } from '../../../base/suggest.ts';
import { type Prefix, parseIP, parsePrefix, prefixContains, unmapIP } from '../../../dns/ip.ts';
import { parseRcode, Rcode } from '../../../dns/message.ts';
import { foldName, isAtOrBelow, type Name, NameError, parseUnicodeName } from '../../../dns/name.ts';
import { parseType, typeNames } from '../../../dns/rr.ts';
import type { Query } from '../../../plugin/query.ts';
import type { Sent } from '../../../plugin/sent.ts';
import { RequestError } from '../http.ts';

/** Parameters that choose queries. A query must pass all that are given. */
export const FILTERS = ['client', 'namespace', 'name', 'type', 'rcode', 'plugin', 'server'] as const;
type FilterName = (typeof FILTERS)[number];

/** Whether a query is one of those that were asked for. */
export type Filter = (query: Query, sent: Sent) => boolean;

/** The word for queries that got no response, among rcodes. */
const NOTHING = 'none';
const NO_RCODE = -1;
/** Clients of which it is remembered whether they pass; one more clears them. */
export const MAX_CLIENTS = 1024;

/** All filters together. @throws RequestError for one that cannot be read */
export function readFilter(
  parameters: { get(name: FilterName): string | undefined },
  namespaceOf: (address: string) => string | undefined,
): Filter {
  // Those that cost least come first: to read the name, the message may have to be decoded.
  const filters: Filter[] = [];
  const add = (name: FilterName, make: (text: string) => Filter) => {
    const text = parameters.get(name);
    if (text !== undefined) filters.push(make(text));
  };
  add('type', (text) => {
    const passes = oneOf('type', text, parseType, (word) => expectingType(word));
    return ({ type }) => passes(type);
  });
  add('server', (text) => {
    const passes = oneOf('server', text, wordOf, () => 'expecting the name of a listener, such as dns://:53');
    return ({ server }) => passes(server);
  });
  add('rcode', (text) => {
    const passes = oneOf('rcode', text, rcodeOf, (word) => expectingOneOf(word, [...Object.keys(Rcode), NOTHING]));
    return (_, { reply }) => passes(reply.drop ? NO_RCODE : reply.rcode);
  });
  add('plugin', (text) => {
    // The empty word is the server itself.
    const passes = oneOf(
      'plugin',
      text,
      (word) => word,
      () => '',
    );
    return (_, { reply }) => passes(reply.source);
  });
  add('client', (text) => clientFilter(text));
  add('namespace', (text) => {
    const passes = oneOf('namespace', text, wordOf, () => 'expecting the name of a namespace');
    return ({ client }) => passes(namespaceOf(client.address));
  });
  add('name', (text) => {
    const passes = nameFilter(text);
    return ({ name }) => passes(name);
  });
  return (query, sent) => filters.every((filter) => filter(query, sent));
}

/** Passes values of a list `A,B`; with `!` before the list, all others. @throws RequestError */
function oneOf<T extends string | number>(
  name: FilterName,
  text: string,
  read: (word: string) => T | undefined,
  expecting: (word: string) => string,
): (value: T | undefined) => boolean {
  const isNegated = text.startsWith('!');
  const words = text.slice(isNegated ? 1 : 0).split(',');
  const values = words.map((word) => {
    const value = read(word.trim());
    if (value === undefined) throw new RequestError(400, `'${name}' cannot be '${word}', ${expecting(word)}`);
    return value;
  });
  const known = new Set<T | undefined>(values);
  return (value) => known.has(value) !== isNegated;
}

function wordOf(word: string): string | undefined {
  return word === '' ? undefined : word;
}

function rcodeOf(word: string): number | undefined {
  return word.toLowerCase() === NOTHING ? NO_RCODE : parseRcode(word);
}

function expectingType(word: string): string {
  const [meant] = /; did you mean .*\?$/.exec(expectingOneOf(word, typeNames())) ?? [''];
  return `expecting a record type such as AAAA, or TYPE and its number${meant}`;
}

function clientFilter(text: string): Filter {
  const expecting = 'expecting an address such as 10.244.1.17, or a network such as 10.244.0.0/16';
  const isNegated = text.startsWith('!');
  const networks = text
    .slice(isNegated ? 1 : 0)
    .split(',')
    .map((word) => {
      const network = networkOf(word.trim());
      if (!network) throw new RequestError(400, `'client' cannot be '${word}', ${expecting}`);
      return network;
    });
  const known = new Map<string, boolean>();
  return ({ client }) => {
    const before = known.get(client.address);
    if (before !== undefined) return before;
    const ip = ipOf(client.address);
    const passes = networks.some((network) => ip && prefixContains(network, ip)) !== isNegated;
    if (known.size >= MAX_CLIENTS) known.clear();
    known.set(client.address, passes);
    return passes;
  };
}

function networkOf(text: string): Prefix | undefined {
  const ip = parseIP(text);
  if (!ip) return parsePrefix(text);
  const address = unmapIP(ip);
  return { ip: address, bits: address.length * 8 };
}

/** An address without the zone of IPv6 (RFC 4007 §11). */
function ipOf(address: string) {
  return parseIP(address.replace(/%.*/, ''));
}

/**
 * `www.example.org` is this name, with or without its last dot; `.example.org` is example.org and all names below it; `*.example.org` is only those below
 * it. Letter case does not count. A name that begins with an asterisk itself is written `\*.example.org`.
 */
function nameFilter(text: string): (name: Name) => boolean {
  const [, mark = '', rest = text] = /^(\*?\.)(.+)$/s.exec(text) ?? [];
  const wanted = foldName(nameOf(rest));
  switch (mark) {
    case '':
      return (name) => name === wanted;
    case '.':
      return (name) => isAtOrBelow(name, wanted);
    default:
      return (name) => name !== wanted && isAtOrBelow(name, wanted);
  }
}

/** @throws RequestError */
function nameOf(text: string): Name {
  try {
    return parseUnicodeName(text);
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    const forms = 'expecting a name such as www.example.org, .example.org with all names below it, or *.example.org';
    throw new RequestError(400, `'name' cannot be '${text}': ${error.message}; ${forms}`);
  }
}
