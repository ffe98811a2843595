import { checksWith, textSuchAs } from '../base/check.ts';
import { canonicalAddress } from '../net/addresses.ts';

/** The maximum size of a resolv.conf. */
export const MAX_RESOLV_CONF_OCTETS = 64 * 1024;

/** One word of an `options` line: `ndots:5` has a value, `rotate` has none. */
export interface ResolvOption {
  readonly name: string;
  readonly value?: string;
}

/** The contents of a resolv.conf, without any resolver's limits. */
export interface ResolvConf {
  /** In canonical text, with IPv6 zones. */
  readonly nameservers: readonly string[];
  /** The search list as written, from the last `search` or `domain` line. */
  readonly search: readonly string[];
  /** The options of all `options` lines, in their order. */
  readonly options: readonly ResolvOption[];
}

/** A line that is neither blank nor a comment. */
export interface Directive {
  /** Counted from 1. */
  readonly line: number;
  /** Whether there are blanks before the keyword; glibc and musl ignore such a line. */
  readonly indented: boolean;
  /** The length of the line without its line feed. */
  readonly octets: number;
  readonly keyword: string;
  readonly words: readonly string[];
}

/** @throws CairnError for what is not text */
export function checkText(call: string, text: unknown): void {
  checksWith('OPTIONS').value(`${call}: text`, text, textSuchAs('the text of a resolv.conf'));
}

/** The lines of a resolv.conf without blank lines and comments. It never fails, as no resolver does. */
export function parseDirectives(text: string): Directive[] {
  return text.split('\n').flatMap((line, i) => {
    const [keyword, ...words] = line.trim().split(/\s+/);
    if (!keyword || /^[#;]/.test(keyword)) return [];
    return [{ line: i + 1, indented: /^\s/.test(line), octets: Buffer.byteLength(line), keyword, words }];
  });
}

/**
 * Reads a resolv.conf without limits, including lines that only some resolvers read. `readSettings` reads it like one resolver; `checkResolvConf`
 * finds its mistakes.
 */
export function parseResolvConf(text: string): ResolvConf {
  checkText('parseResolvConf', text);
  const directives = parseDirectives(text);
  const wordsOf = (name: string) => directives.filter(({ keyword }) => keyword === name).map(({ words }) => words);
  return {
    nameservers: wordsOf('nameserver').flatMap(([word = '']) => canonicalAddress(word) ?? []),
    search: searchListOf(directives),
    options: wordsOf('options').flat().map(parseOption),
  };
}

/** The words of the last `search` line, or the word of a later `domain` line: each replaces the other. */
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
