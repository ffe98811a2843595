import { type CorefileError, type CorefileWarning, syntaxError } from './error.ts';
import type { Position } from './position.ts';
import type { Token, TokenKind } from './token.ts';

interface Lexed {
  readonly tokens: Token[];
  readonly errors: CorefileError[];
  readonly warnings: CorefileWarning[];
}

/** The state of the lexer: `at` and `lineStart` are indexes into the text, `lastLine` is the line on which the last token ended. */
interface Scan extends Lexed {
  readonly file: string;
  readonly text: string;
  at: number;
  line: number;
  lineStart: number;
  lastLine: number;
}

const SPACE = /\p{White_Space}/u;
const BYTE_ORDER_MARK = '\uFEFF';

/** Splits the text of one file into tokens. After an error it goes on with the next line. */
export function lex(file: string, text: string): Lexed {
  const at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  const scan: Scan = { file, text, at, line: 1, lineStart: at, lastLine: 0, tokens: [], errors: [], warnings: [] };
  while (scan.at < text.length) {
    const char = text[scan.at]!;
    if (char === '"') readQuoted(scan);
    else if (char === '#') readComment(scan);
    else if (SPACE.test(char)) advance(scan, scan.at + 1);
    else readWord(scan);
  }
  return { tokens: scan.tokens, errors: scan.errors, warnings: scan.warnings };
}

/** Word processors and web pages write these instead of quotes. */
const TYPOGRAPHIC = /^[\u2018-\u201F\u00AB]/;

function readWord(scan: Scan): void {
  const position = here(scan);
  let word = '';
  for (; scan.at < scan.text.length; scan.at++) {
    const char = scan.text[scan.at]!;
    if (char === '\r') continue; // dropped even within a word
    if (char === '#' || SPACE.test(char)) break;
    word += char;
  }
  push(scan, word === '{' || word === '}' ? word : 'word', word, position);
  const typographic = TYPOGRAPHIC.exec(word)?.[0];
  if (typographic) {
    const message = `the typographic quote ${typographic} is an ordinary character and quotes nothing: write "`;
    scan.warnings.push({ position, message });
  }
  if (scan.text[scan.at] !== '#') return;
  const hash = here(scan);
  const message = `a comment starts within a word: '${readComment(scan)}' is dropped; quote a word that has a '#' in it`;
  scan.warnings.push({ position: hash, message });
}

function readQuoted(scan: Scan): void {
  const position = here(scan);
  const start = scan.at + 1;
  const end = closingQuote(scan.text, start);
  if (end === -1) {
    scan.errors.push(syntaxError(position, `Quote is never closed, expecting '"'`));
    scan.at = endOfLine(scan);
    push(scan, 'quoted', scan.text.slice(start, scan.at).trimEnd(), position);
  } else {
    advance(scan, end + 1);
    push(scan, 'quoted', unescapeQuotes(scan.text.slice(start, end)), position);
  }
}

function readComment(scan: Scan): string {
  const start = scan.at;
  scan.at = endOfLine(scan);
  return scan.text.slice(start, scan.at).trimEnd();
}

function push(scan: Scan, kind: TokenKind, text: string, position: Position): void {
  scan.tokens.push({ kind, text, position, endLine: scan.line, startsLine: position.line > scan.lastLine });
  scan.lastLine = scan.line;
}

function here({ file, line, at, lineStart }: Scan): Position {
  return { file, line, column: at - lineStart + 1 };
}

function advance(scan: Scan, to: number): void {
  while (scan.at < to) {
    if (scan.text[scan.at++] !== '\n') continue;
    scan.line++;
    scan.lineStart = scan.at;
  }
}

function endOfLine({ text, at }: Scan): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** The index of the quote that closes a token, or -1. A backslash escapes the character after it. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return at;
    if (text[at] === '\\') at++;
  }
  return -1;
}

/** `\"` is the only escape. Every other backslash stays as written, since regular expressions need it. */
function unescapeQuotes(raw: string): string {
  return raw.replace(/\\(.)/gs, (pair, char) => (char === '"' ? '"' : pair));
}
