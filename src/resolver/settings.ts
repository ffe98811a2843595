import { canonicalAddress } from '../net/addresses.ts';
import { type Directive, parseDirectives, parseOption } from './resolv-conf.ts';

/** The options of resolv.conf that are on or off. */
export type Flag =
  | 'edns0'
  | 'no-aaaa'
  | 'no-reload'
  | 'no-tld-query'
  | 'rotate'
  | 'single-request'
  | 'single-request-reopen'
  | 'strict-error'
  | 'trust-ad'
  | 'use-vc';

/** The settings that one resolver reads from a resolv.conf, with its defaults and limits. */
export interface Settings {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly ndots: number;
  readonly timeoutMs: number;
  /** The longest time-out, for resolvers that lengthen it from try to try. */
  readonly maxTimeoutMs?: number;
  readonly attempts: number;
  readonly flags: ReadonlySet<Flag>;
  /** What the resolver ignores, or reads differently from what is written. */
  readonly notes: readonly Note[];
}

/** A note about a line of resolv.conf; line 0 is the environment. */
export interface Note {
  readonly line: number;
  readonly message: string;
}

/** The variables from which glibc and c-ares read settings. */
export interface Environment {
  readonly LOCALDOMAIN?: string | undefined;
  readonly RES_OPTIONS?: string | undefined;
  /** The host's name. The part after its first dot is the search list if nothing else gives one. */
  readonly HOSTNAME?: string | undefined;
}

/** An option with a number; a value outside of the bounds becomes the nearer bound. */
export interface NumberRule {
  readonly sets: 'ndots' | 'timeoutMs' | 'attempts';
  readonly min: number;
  readonly max: number;
}

/** How one resolver reads resolv.conf. */
export interface Dialect {
  /** Whether a keyword may have blanks before it. */
  readonly indented: boolean;
  /** A line of at least this many octets is ignored. */
  readonly lineOctets?: number;
  readonly maxNameservers: number;
  readonly defaultNameservers: readonly string[];
  /** Whether `domain` is ignored after a `search` line. */
  readonly searchBeatsDomain?: boolean;
  /** Whether a `domain` line may name several domains, as a `search` line does. */
  readonly domainIsList?: boolean;
  /** Whether a `search` or `domain` line without a value empties the list; otherwise it is ignored. */
  readonly emptySearchClears?: boolean;
  /** Whether `search` and `domain` are read at all. */
  readonly readsSearch?: boolean;
  /** Changes an element of the search list; undefined if the element is dropped. */
  readonly searchElement?: (element: string) => string | undefined;
  readonly environment: boolean;
  readonly hostnameDomain: boolean;
  readonly defaults: { readonly ndots: number; readonly timeoutMs: number; readonly attempts: number };
  readonly numbers: ReadonlyMap<string, NumberRule>;
  /** Reads the number of an option; undefined if the option is ignored. */
  readonly readNumber: (text: string, sets: NumberRule['sets']) => number | undefined;
  readonly flags: ReadonlyMap<string, Flag>;
  /** Whether `-FLAG` clears a flag. */
  readonly clearsFlags?: boolean;
}

/** Reads a resolv.conf as one resolver does. */
export function interpret(text: string, dialect: Dialect, environment: Environment = {}): Settings {
  const notes: Note[] = [];
  const note = (line: number, message: string) => notes.push({ line, message });
  const directives = parseDirectives(text).filter((directive) => {
    const reason = passedOver(directive, dialect);
    if (reason) note(directive.line, reason);
    return !reason;
  });
  const env = dialect.environment ? environment : {};
  const hostname = dialect.hostnameDomain ? environment.HOSTNAME : undefined;
  const options = directives
    .filter(({ keyword }) => keyword === 'options')
    .flatMap(({ line, words }) => words.map((word) => ({ line, word })));
  for (const word of wordsOf(env.RES_OPTIONS)) options.push({ line: 0, word });
  return {
    nameservers: readNameservers(directives, dialect, note),
    search: readSearch(directives, dialect, env.LOCALDOMAIN, hostname),
    ...readOptions(options, dialect, note),
    notes,
  };
}

function passedOver({ indented, octets, keyword }: Directive, dialect: Dialect): string | undefined {
  if (indented && !dialect.indented) return `blanks before "${keyword}": the line is ignored`;
  if (octets >= (dialect.lineOctets ?? Number.POSITIVE_INFINITY)) {
    return `a line of ${octets} octets: the line is ignored, ${dialect.lineOctets! - 1} are read at most`;
  }
  return undefined;
}

type TakeNote = (line: number, message: string) => void;

function readNameservers(directives: readonly Directive[], dialect: Dialect, note: TakeNote): readonly string[] {
  const found: string[] = [];
  for (const { line, keyword, words } of directives) {
    if (keyword !== 'nameserver') continue;
    const address = canonicalAddress(words[0] ?? '');
    if (address === undefined) note(line, `"${words[0] ?? ''}" is not an IP address: the line is ignored`);
    else if (found.length < dialect.maxNameservers) found.push(address);
    else note(line, `nameserver ${address} is never asked: ${dialect.maxNameservers} are used`);
  }
  return found.length > 0 ? found : dialect.defaultNameservers;
}

function readSearch(
  directives: readonly Directive[],
  dialect: Dialect,
  localDomain: string | undefined,
  hostname: string | undefined,
): readonly string[] {
  if (dialect.readsSearch === false) return [];
  const keep = (words: readonly string[]) =>
    words.flatMap((word) => (dialect.searchElement ? (dialect.searchElement(word) ?? []) : word));
  if (localDomain !== undefined) return keep(wordsOf(localDomain));
  let list: readonly string[] | undefined;
  for (const { keyword, words } of directives) {
    if (words.length === 0 && !dialect.emptySearchClears) continue;
    if (keyword === 'search') list = words;
    else if (keyword === 'domain' && !(dialect.searchBeatsDomain && list)) {
      list = dialect.domainIsList ? words : words.slice(0, 1);
    }
  }
  const dot = hostname?.indexOf('.') ?? -1;
  return keep(list ?? (dot === -1 ? [] : [hostname!.slice(dot + 1)]));
}

function readOptions(
  options: readonly { readonly line: number; readonly word: string }[],
  { defaults, numbers, readNumber, flags: known, clearsFlags = false }: Dialect,
  note: TakeNote,
): Pick<Settings, 'ndots' | 'timeoutMs' | 'attempts' | 'flags'> {
  const values = { ...defaults };
  const flags = new Set<Flag>();
  for (const { line, word } of options) {
    const { name, value } = parseOption(word);
    const rule = numbers.get(name);
    const flag = known.get(name);
    const cleared = clearsFlags && name.startsWith('-') ? known.get(name.slice(1)) : undefined;
    const number = rule && value !== undefined ? readNumber(value, rule.sets) : undefined;
    if (rule && number !== undefined) {
      const written = number * (rule.sets === 'timeoutMs' ? 1000 : 1);
      values[rule.sets] = Math.min(Math.max(written, rule.min), rule.max);
      if (values[rule.sets] !== written) note(line, `"${word}" counts as ${values[rule.sets]}`);
    } else if (flag) flags.add(flag);
    else if (cleared) flags.delete(cleared);
    else note(line, `the option "${word}" is ignored`);
  }
  return { ...values, flags };
}

function wordsOf(text: string | undefined): string[] {
  return text?.trim() ? text.trim().split(/\s+/) : [];
}

/** The number that C's atoi reads: the leading digits, or 0. */
export function leadingNumber(text: string): number {
  return Number.parseInt(text, 10) || 0;
}

/** The leading digits; undefined for a text that does not begin with one. */
export function digitsOnly(text: string): number | undefined {
  return /^\d/.test(text) ? leadingNumber(text) : undefined;
}
