import { canonicalAddress } from '../net/addresses.ts';

/** A larger file is no resolv.conf. */
export const MAX_RESOLV_CONF_OCTETS = 64 * 1024;

/** One word of an `options` line: `ndots:5` has a value, `rotate` has none. */
export interface ResolvOption {
  readonly name: string;
  readonly value?: string;
}

/** What a resolv.conf says, before any resolver's limits. */
export interface ResolvConf {
  /** In canonical text, an IPv6 zone kept. */
  readonly nameservers: readonly string[];
  /** The search list as written: that of the last `search` or `domain` line. */
  readonly search: readonly string[];
  /** Those of all `options` lines, in their order. */
  readonly options: readonly ResolvOption[];
}

/** A line that says something: neither blank nor a comment. */
export interface Directive {
  /** Counted from 1. */
  readonly line: number;
  /** Whether blanks stand before the keyword; glibc and musl pass over such a line. */
  readonly indented: boolean;
  /** The length of the line without its line feed. */
  readonly octets: number;
  readonly keyword: string;
  readonly words: readonly string[];
}

/** The lines of a resolv.conf that say something; never fails, since no resolver does. */
export function parseDirectives(text: string): Directive[] {
  return text.split('\n').flatMap((line, i) => {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (!keyword || /^[#;]/.test(keyword)) return [];
    return [{ line: i + 1, indented: /^\s/.test(line), octets: Buffer.byteLength(line), keyword, words }];
  });
}

/**
 * Reads a resolv.conf for what it means to say: with no limits, and with lines that only some resolvers read.
 * What one resolver makes of it is `readSettings`; what is wrong with it is `checkResolvConf`.
 */
export function parseResolvConf(text: string): ResolvConf {
  const directives = parseDirectives(text);
  const wordsOf = (name: string) => directives.filter(({ keyword }) => keyword === name).map(({ words }) => words);
  return {
    nameservers: wordsOf('nameserver').flatMap(([word = '']) => canonicalAddress(word) ?? []),
    search: searchListOf(directives),
    options: wordsOf('options').flat().map(parseOption),
  };
}

/** The words of the last `search` line, or the one of a `domain` line that comes later: each replaces the other. */
function searchListOf(directives: readonly Directive[]): readonly string[] {
  const last = directives.findLast(({ keyword }) => keyword === 'search' || keyword === 'domain');
  return last?.keyword === 'domain' ? last.words.slice(0, 1) : (last?.words ?? []);
}

export function parseOption(word: string): ResolvOption {
  const colon = word.indexOf(':');
  return colon === -1 ? { name: word } : { name: word.slice(0, colon), value: word.slice(colon + 1) };
}

function printOption({ name, value }: ResolvOption): string {
  return value === undefined ? name : `${name}:${value}`;
}

/** The text of a resolv.conf, its lines in the kubelet's order. */
export function printResolvConf({ nameservers, search, options }: ResolvConf): string {
  const lines = [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...nameservers.map((address) => `nameserver ${address}`),
    ...(options.length > 0 ? [`options ${options.map(printOption).join(' ')}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
