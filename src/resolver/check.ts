import { canonicalAddress } from '../net/addresses.ts';
import { checkText, type Directive, parseDirectives, parseOption } from './resolv-conf.ts';
import { MUSL_LINE_OCTETS } from './stubs/musl.ts';

/** An error or warning about a resolv.conf. */
export interface Problem {
  /** Counted from 1. */
  readonly line: number;
  /** An error is about something that no resolver understands; a warning about something that resolvers read differently. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/** The number that glibc, musl and Go use. */
const MAX_NAMESERVERS = 3;
/** The limit of glibc before 2.26, and of the kubelet before Kubernetes 1.28. */
const OLD_SEARCH_DOMAINS = 6;
const OLD_SEARCH_OCTETS = 256;

const KEYWORDS = new Set(['nameserver', 'search', 'domain', 'options', 'sortlist', 'lookup', 'family']);

/** Options with a value: the lowest that works everywhere, and the highest that has an effect. */
const NUMBERS: ReadonlyMap<string, readonly [min: number, max: number]> = new Map([
  ['ndots', [0, 15]],
  ['timeout', [1, 30]],
  ['attempts', [1, 5]],
]);

/** Options that glibc, Go and others know; musl ignores all of them. */
const FLAGS = new Set([
  'edns0',
  'no-reload',
  'rotate',
  'single-request',
  'single-request-reopen',
  'trust-ad',
  'use-vc',
]);

/** Options that only glibc knows, with their first version. If there is one, Go uses the libc's resolver. */
const GLIBC_FLAGS: ReadonlyMap<string, string> = new Map([
  ['no-aaaa', 'glibc since 2.36'],
  ['no-tld-query', 'glibc'],
  ['strict-error', 'glibc since 2.41'],
]);

/** The errors and warnings about a resolv.conf, in the order of its lines. */
export function checkResolvConf(text: string): Problem[] {
  checkText('checkResolvConf', text);
  const directives = parseDirectives(text);
  return [...directives.flatMap(checkLine), ...checkNameservers(directives), ...checkSearchLines(directives)].sort(
    (a, b) => a.line - b.line,
  );
}

function checkLine(directive: Directive): Problem[] {
  const { line, keyword, indented, octets, words } = directive;
  const error = (message: string): Problem => ({ line, severity: 'error', message });
  const warning = (message: string): Problem => ({ line, severity: 'warning', message });
  if (!KEYWORDS.has(keyword)) {
    return [error(`"${keyword}" is not a keyword: write nameserver, search, domain, options or sortlist`)];
  }
  const problems: Problem[] = [];
  if (words.length === 0) problems.push(error(`"${keyword}" has no value`));
  if (indented) problems.push(warning(`glibc and musl ignore the line: there are blanks before "${keyword}"`));
  if (octets >= MUSL_LINE_OCTETS) {
    problems.push(warning(`musl ignores the line: it has ${octets} octets, ${MUSL_LINE_OCTETS - 1} are read at most`));
  }
  if (keyword === 'nameserver' && words[0] !== undefined && canonicalAddress(words[0]) === undefined) {
    problems.push(error(`"${words[0]}" is not an IP address: a nameserver is written without port`));
  }
  if (keyword === 'options') problems.push(...words.flatMap((word) => checkOption(word, error, warning)));
  if (keyword === 'search') problems.push(...checkSearch(words, warning));
  return problems;
}

type MakeProblem = (message: string) => Problem;

function checkOption(word: string, error: MakeProblem, warning: MakeProblem): Problem[] {
  const { name, value } = parseOption(word);
  const bounds = NUMBERS.get(name);
  if (bounds) {
    const [min, max] = bounds;
    if (value === undefined || !/^\d+$/.test(value))
      return [error(`"${word}" needs a whole number, such as ${name}:${max}`)];
    if (Number(value) > max) return [warning(`"${word}" is cut to ${max} by glibc`)];
    if (Number(value) < min)
      return [warning(`"${word}" makes musl fail at once; ${min} is the lowest value that works everywhere`)];
    return [];
  }
  const flag = name.replace(/^-/, '');
  const since = GLIBC_FLAGS.get(flag);
  if (since) return [warning(`the option "${word}" is known only to ${since}`)];
  return FLAGS.has(flag) ? [] : [error(`the option "${word}" is unknown`)];
}

function checkSearch(words: readonly string[], warning: MakeProblem): Problem[] {
  const problems: Problem[] = [];
  const octets = words.join(' ').length;
  if (words.length > OLD_SEARCH_DOMAINS || octets > OLD_SEARCH_OCTETS) {
    const limits = `${OLD_SEARCH_DOMAINS} domains and ${OLD_SEARCH_OCTETS} octets`;
    problems.push(
      warning(`${words.length} search domains in ${octets} octets: glibc before 2.26 cuts off at ${limits}`),
    );
  }
  if (words.includes('.')) {
    problems.push(warning('only glibc and c-ares understand "."; musl before 1.2.4 fails with it, others ignore it'));
  }
  const dotted = words.find((word) => /^\../.test(word));
  if (dotted !== undefined) {
    problems.push(
      warning(`"${dotted}" begins with a dot: only glibc removes it, c-ares and musl before 1.2.4 fail with it`),
    );
  }
  const comment = words.find((word) => /^[#;]/.test(word));
  if (comment !== undefined) {
    problems.push(warning(`"${comment}" does not start a comment here: it and the words after it are search domains`));
  }
  return problems;
}

function checkNameservers(directives: readonly Directive[]): Problem[] {
  return directives
    .filter(({ keyword }) => keyword === 'nameserver')
    .slice(MAX_NAMESERVERS)
    .map(({ line, words }) => ({
      line,
      severity: 'warning',
      message: `nameserver ${words[0] ?? ''} is never asked: glibc, musl and Go use the first ${MAX_NAMESERVERS}`,
    }));
}

function checkSearchLines(directives: readonly Directive[]): Problem[] {
  const lines = directives.filter(({ keyword }) => keyword === 'search' || keyword === 'domain');
  return lines.slice(0, -1).map(({ line, keyword }) => ({
    line,
    severity: 'warning',
    message: `the "${keyword}" line has no effect: line ${lines.at(-1)!.line} replaces it`,
  }));
}
