import { didYouMean } from '../base/suggest.ts';
import type { Directive, OptionLine, ServerBlock } from './ast.ts';
import { CorefileError, syntaxError } from './error.ts';
import { printPosition } from './position.ts';
import { afterBraces, type Token } from './token.ts';

export interface KnownDirectives {
  /** The names of directives; without them, any name is accepted. */
  readonly directives?: readonly string[];
  /** Directives of CoreDNS that are not supported, each with what to do instead. */
  readonly unsupported?: Readonly<Record<string, string>>;
}

/** The state of reading the tokens of a Corefile, after snippets and imports are filled in. */
interface Reading {
  readonly tokens: readonly Token[];
  readonly known: KnownDirectives;
  readonly errors: CorefileError[];
  at: number;
  /** Whether an error at the end of the file was reported: one missing brace is one error. */
  endReported: boolean;
  /** The errors for names with a block that are keys of a server block rather than directives, if a brace is missing before them. */
  readonly likelyKeys: CorefileError[];
}

const UNMATCHED = `Unexpected '}' because no matching opening brace`;

/** Reads tokens as server blocks. After an error it goes on with the next line or block, so that one run finds all errors. */
export function readBlocks(
  tokens: readonly Token[],
  errors: CorefileError[],
  known: KnownDirectives = {},
): ServerBlock[] {
  const reading: Reading = { tokens, known, errors, at: 0, endReported: false, likelyKeys: [] };
  const blocks: ServerBlock[] = [];
  while (reading.at < tokens.length) {
    const { kind, position } = tokens[reading.at]!;
    if (kind === '}') {
      errors.push(new CorefileError(position, UNMATCHED));
      reading.at++;
    } else {
      blocks.push({ position, keys: readKeys(reading), directives: readBody(reading) });
    }
  }
  return blocks;
}

/** Reads the keys, without empty words, up to a brace or the end of the line; after a comma at the end of a line, the list goes on in the next line. */
function readKeys(reading: Reading): Token[] {
  const keys: Token[] = [];
  let comma: Token | undefined;
  for (;;) {
    const token = current(reading);
    const first = keys.length === 0;
    if (token === undefined) {
      if (comma) fail(reading, comma, 'Unexpected EOF - check for extra comma');
      return keys;
    }
    if (token.kind === '{') {
      if (first) fail(reading, token, `Unexpected token '{', expecting a zone such as '.:53'`);
      if (comma) fail(reading, token, `Expected another address but had '{' - check for extra comma`);
      return keys;
    }
    if (token.kind === '}' || (token.startsLine && !first && !comma)) return keys;
    keys.push(...splitAtCommas(token));
    comma = token.text.endsWith(',') ? token : undefined;
    reading.at++;
  }
}

function splitAtCommas(token: Token): Token[] {
  const texts = token.text.split(',').filter((text) => text !== '');
  return texts.map((text) => ({ ...token, text }));
}

/** Reads the directives after the keys: in braces or, for the last block, without braces up to the end of the file. */
function readBody(reading: Reading): Directive[] {
  const open = current(reading)?.kind === '{' ? current(reading) : undefined;
  if (open) reading.at++;
  const directives: Directive[] = [];
  reading.likelyKeys.length = 0;
  for (;;) {
    const token = current(reading);
    if (token === undefined) {
      if (open) failInBody(reading, open);
      return directives;
    }
    if (token.kind === '}') {
      reading.at++;
      if (open) return directives;
      fail(reading, token, `${UNMATCHED} - a brace must have blanks around it`);
    } else if (token.kind === '{') {
      readMisplacedBlock(reading, token, directives);
    } else {
      directives.push(readDirective(reading));
      const next = current(reading);
      if (open && next?.kind === '}' && !next.startsLine) {
        fail(reading, next, `${UNMATCHED} - the '}' of a server block must stand alone on its line`);
      }
    }
  }
}

function readDirective(reading: Reading): Directive {
  const { name, position, args } = readLine(reading);
  const open = current(reading);
  const unknown = whyUnknown(name, reading.known);
  if (unknown !== undefined) {
    const error = new CorefileError(position, unknown);
    reading.errors.push(error);
    if (open?.kind === '{' && /[.:/]/.test(name)) reading.likelyKeys.push(error);
  }
  if (open?.kind !== '{' || open.startsLine) return { name, position, args, options: [], hasBlock: false };
  const options = readOptions(reading, open);
  const extra = current(reading);
  if (extra && extra.kind !== '}' && !extra.startsLine) {
    reading.errors.push(syntaxError(extra.position, `Unexpected token '${extra.text}', expecting the end of the line`));
    if (extra.kind === '{') skipBraces(reading);
    else readArgs(reading);
  }
  return { name, position, args, options, hasBlock: true };
}

/** The error for a directive that does not exist; undefined if it exists. */
function whyUnknown(name: string, { directives, unsupported = {} }: KnownDirectives): string | undefined {
  if (!directives || directives.includes(name)) return undefined;
  const instead = Object.hasOwn(unsupported, name) ? ` - it is not supported: ${unsupported[name]}` : undefined;
  return `Unknown directive '${name}'${instead ?? didYouMean(name, directives)}`;
}

/** Reads a brace at the start of a line. It belongs to the directive on the line before, but CoreDNS would read it differently. */
function readMisplacedBlock(reading: Reading, open: Token, directives: Directive[]): void {
  const owner = directives.at(-1);
  if (owner === undefined || owner.hasBlock) {
    fail(reading, open, `Unexpected token '{', expecting a directive`);
    skipBraces(reading);
  } else {
    const detail = `Unexpected token '{', expecting a directive - the '{' must stand on the line of '${owner.name}'`;
    fail(reading, open, detail);
    directives[directives.length - 1] = { ...owner, options: readOptions(reading, open), hasBlock: true };
  }
}

/** Reads an option block, its braces included; it may stand on one line. */
function readOptions(reading: Reading, open: Token): OptionLine[] {
  reading.at++;
  const options: OptionLine[] = [];
  for (;;) {
    const token = current(reading);
    if (token === undefined) {
      const { position } = reading.tokens.at(-1)!;
      failAtEnd(reading, new CorefileError(position, `Unexpected EOF, ${expectingEnd(open)}`));
      return options;
    }
    if (token.kind === '}') {
      reading.at++;
      return options;
    }
    if (token.kind === '{') {
      fail(reading, token, `Unexpected token '{', expecting argument - an option cannot have a block`);
      skipBraces(reading);
    } else {
      options.push(readLine(reading));
    }
  }
}

function readLine(reading: Reading): OptionLine {
  const { text, written, position } = reading.tokens[reading.at++]!;
  return { name: text, ...(written !== undefined && { written }), position, args: readArgs(reading) };
}

function readArgs(reading: Reading): Token[] {
  const start = reading.at;
  for (let next = current(reading); next; next = current(reading)) {
    if (next.startsLine || next.kind === '{' || next.kind === '}') break;
    reading.at++;
  }
  return reading.tokens.slice(start, reading.at);
}

function skipBraces(reading: Reading): void {
  reading.at = afterBraces(reading.tokens, reading.at) ?? reading.tokens.length;
}

function current(reading: Reading): Token | undefined {
  return reading.tokens[reading.at];
}

function expectingEnd(open: Token): string {
  return `expecting '}' - the '{' at ${printPosition(open.position)} is never closed`;
}

function fail(reading: Reading, token: Token, detail: string): void {
  reading.errors.push(new CorefileError(token.position, detail));
}

/** The error for a server block without an end. If a key of the next block was read as a directive, the brace is missing before it. */
function failInBody(reading: Reading, open: Token): void {
  const { tokens, errors, likelyKeys } = reading;
  const [next] = likelyKeys;
  if (next === undefined) {
    const last = tokens.at(-1)!;
    failAtEnd(reading, syntaxError(last.position, `Unexpected token '${last.text}', ${expectingEnd(open)}`));
    return;
  }
  for (const error of likelyKeys) errors.splice(errors.indexOf(error), 1);
  const detail = `Unexpected server block, ${expectingEnd(open)} before it`;
  failAtEnd(reading, syntaxError(next.position, detail));
}

function failAtEnd(reading: Reading, error: CorefileError): void {
  if (!reading.endReported) reading.errors.push(error);
  reading.endReported = true;
}
