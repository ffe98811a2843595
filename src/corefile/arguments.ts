import { didYouMean, expectingOneOf } from '../base/suggest.ts';
import { type Prefix, parsePrefix } from '../dns/ip.ts';
import { Class, parseClass, parseRcode, Rcode } from '../dns/message.ts';
import { type Name, parseUnicodeName, ROOT } from '../dns/name.ts';
import { parseType, typeNames } from '../dns/rr.ts';
import type { Directive, Line, OptionLine } from './ast.ts';
import { parseDurationMs } from './duration.ts';
import { atToken, attempt, CorefileError, throwAll } from './error.ts';
import { zonesOf } from './key.ts';
import { printPosition } from './position.ts';
import type { Token } from './token.ts';

/** A tuple of `N` tokens. */
type Tokens<N extends number, T extends Token[] = []> = T['length'] extends N ? T : Tokens<N, [...T, Token]>;

/** @throws CorefileError if the line has arguments. */
export function noArgs(line: Line): void {
  countArgs(line, 0, 0);
}

/** The arguments of a line that has exactly `count` of them. @throws CorefileError if it has more or fewer. */
export function exactArgs<N extends number>(line: Line, count: N): Tokens<N> {
  return countArgs(line, count, count) as Tokens<N>;
}

/** The arguments of a line that has `count` or more of them. @throws CorefileError if it has fewer. */
export function atLeastArgs<N extends number>(line: Line, count: N): [...Tokens<N>, ...Token[]] {
  return countArgs(line, count, Number.POSITIVE_INFINITY) as [...Tokens<N>, ...Token[]];
}

/** The arguments of a line that has from `min` to `max` of them. @throws CorefileError if it has more or fewer. */
export function argsBetween<N extends number>(line: Line, min: N, max: number): [...Tokens<N>, ...Token[]] {
  return countArgs(line, min, max) as [...Tokens<N>, ...Token[]];
}

/** The arguments of a line that has `count` of them or fewer. @throws CorefileError if it has more. */
export function atMostArgs(line: Line, count: number): readonly Token[] {
  return countArgs(line, 0, count);
}

function countArgs({ name, position, args }: Line, min: number, max: number): readonly Token[] {
  if (args.length >= min && args.length <= max) return args;
  const last = args.at(-1);
  const place = args.length > max ? args[max]!.position : (last?.position ?? position);
  const takes =
    min === max ? (max === 0 ? 'no' : `exactly ${min}`) : args.length < min ? `at least ${min}` : `at most ${max}`;
  throw new CorefileError(
    place,
    `Wrong argument count or unexpected line ending after '${last?.text ?? name}'` +
      ` - '${name}' takes ${takes} argument${takes.endsWith(' 1') ? '' : 's'}`,
  );
}

/** @throws CorefileError if the directive has an option block. */
export function noBlock({ name, position, hasBlock }: Directive): void {
  if (hasBlock)
    throw new CorefileError(position, `Unexpected token '{', expecting argument - '${name}' has no options`);
}

/** A duration in milliseconds, written as in Go: `300ms`, `1.5h`, `1m30s`. @throws CorefileError unless in the range. */
export function durationMs(token: Token, { minMs = 0, maxMs = Number.POSITIVE_INFINITY } = {}): number {
  const ms = atToken(token, () => parseDurationMs(token.text));
  if (ms >= minMs && ms <= maxMs) return ms;
  const bound = ms < minMs ? `${printMs(minMs)} or longer` : `${printMs(maxMs)} or shorter`;
  throw new CorefileError(token.position, `invalid duration '${token.text}', expecting ${bound}`);
}

function printMs(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** An integer from `min` to `max`; `what` names it in the error. @throws CorefileError if it is anything else. */
export function integer(
  { text, position }: Token,
  { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number },
  what: string,
): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CorefileError(position, `invalid ${what} '${text}', expecting a whole number${printRange(min, max)}`);
}

function printRange(min: number, max: number): string {
  if (max < Number.MAX_SAFE_INTEGER) return ` from ${min} to ${max}`;
  return min > Number.MIN_SAFE_INTEGER ? ` from ${min} on` : '';
}

/** The token's text, which must be one of `values`; `what` names it in the error. @throws CorefileError */
export function oneOf<T extends string>({ text, position }: Token, values: readonly T[], what = 'value'): T {
  const value = values.find((candidate) => candidate === text);
  if (value !== undefined) return value;
  throw new CorefileError(position, `unknown ${what} '${text}', ${expectingOneOf(text, values)}`);
}

/** As {@link oneOf}, in any letter case; `values` are in lower case. @throws CorefileError */
export function oneOfAnyCase<T extends string>(token: Token, values: readonly T[], what?: string): T {
  const folded = values.find((value) => value === token.text.toLowerCase());
  return folded ?? oneOf(token, values, what);
}

/**
 * The code of a record type: its name in any letter case, or `TYPEn`. `others` are words that may stand in its place, which are suggested, too.
 *
 * @throws CorefileError
 */
export function recordType(token: Token, others: readonly string[] = []): number {
  return codeOf(token, 'record type', parseType, [...typeNames(), ...others], 'such as A, SRV or TYPE65');
}

/** The code of a class: its name in any letter case, or `CLASSn`. @throws CorefileError */
export function recordClass(token: Token): number {
  return codeOf(token, 'class', parseClass, Object.keys(Class), 'such as IN, CH or CLASS4');
}

/** The code of an rcode: its name in any letter case, or a number. @throws CorefileError */
export function rcode(token: Token): number {
  return codeOf(token, 'rcode', parseRcode, Object.keys(Rcode), 'such as NXDOMAIN, SERVFAIL or 5');
}

function codeOf(
  { text, position }: Token,
  what: string,
  parse: (text: string) => number | undefined,
  names: readonly string[],
  examples: string,
): number {
  const code = parse(text);
  if (code !== undefined) return code;
  throw new CorefileError(position, `unknown ${what} '${text}', expecting one ${examples}${didYouMean(text, names)}`);
}

/** A domain name, absolute even without its last dot. @throws CorefileError */
export function domainName(token: Token): Name {
  return atToken(token, () => parseUnicodeName(token.text));
}

/** A network in CIDR notation. @throws CorefileError */
export function network({ text, position }: Token): Prefix {
  const prefix = parsePrefix(text);
  if (prefix) return prefix;
  throw new CorefileError(position, `invalid CIDR '${text}', expecting ADDRESS/BITS such as 10.96.0.0/12`);
}

/**
 * The zones of ZONES arguments, without duplicates, normalized like server keys; `fallback` if there are no arguments. Empty words, such as references to
 * variables that are not set, are ignored, as in CoreDNS.
 *
 * @throws CorefileError or CorefileErrors if a zone cannot be read; CoreDNS silently ignores such a zone.
 */
export function zonesArgument(tokens: readonly Token[], fallback: readonly Name[]): readonly Name[] {
  const named = tokens.filter(({ text }) => text !== '');
  if (named.length === 0) return fallback;
  const errors: CorefileError[] = [];
  const zones = named.flatMap((token) => attempt(errors, () => atToken(token, () => zonesOf(token.text))) ?? []);
  throwAll(errors);
  return [...new Set(zones)];
}

/** The zones of a line `fallthrough [ZONES…]`; all names without arguments. @throws as zonesArgument does. */
export function fallthroughZones(line: Line): readonly Name[] {
  return zonesArgument(line.args, [ROOT]);
}

/**
 * Runs the handler of each line of the option block; `otherwise` handles the lines whose name has no handler.
 *
 * @throws CorefileError or CorefileErrors with what all the handlers threw, and with the unknown options.
 */
export function parseOptions(
  { options }: Directive,
  handlers: Readonly<Record<string, (line: OptionLine) => void>>,
  otherwise: (line: OptionLine) => void = (line) => unknownProperty(line, Object.keys(handlers)),
): void {
  const errors: CorefileError[] = [];
  for (const line of options) {
    const handler = Object.hasOwn(handlers, line.name) ? handlers[line.name]! : otherwise;
    attempt(errors, () => handler(line));
  }
  throwAll(errors);
}

/** @throws CorefileError that names the options in `known`. */
export function unknownProperty({ name, position }: Line, known: readonly string[]): never {
  throw new CorefileError(position, `unknown property '${name}'${didYouMean(name, known)}`);
}

/** The use of a directive that a server block may have only once. @throws CorefileError at the second use. */
export function once(uses: readonly Directive[]): Directive {
  const [first, second] = uses;
  if (first === undefined) throw new RangeError('a directive that is not used has no use');
  if (second === undefined) return first;
  const detail = `this plugin can only be used once per Server Block - it is used at ${printPosition(first.position)}`;
  throw new CorefileError(second.position, detail);
}

/** The use of a directive that may be repeated, for example by imports: the last one counts. */
export function lastUse(uses: readonly Directive[]): Directive {
  const last = uses.at(-1);
  if (last === undefined) throw new RangeError('a directive that is not used has no use');
  return last;
}
