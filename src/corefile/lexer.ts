import { type CorefileError, syntaxError } from './error.ts';
import { inFile, type Locate, type Position } from './position.ts';
import type { Token, TokenKind } from './token.ts';
import type { CorefileWarning } from './warnings.ts';

/** A token or a comment as it is written, for a formatter. */
export interface Piece {
  readonly kind: TokenKind | 'comment';
  readonly text: string;
  readonly column: number;
  readonly startsLine: boolean;
  /** Whether there are blank lines before it. */
  readonly blankBefore: boolean;
  /** Whether it touches what is before it. */
  readonly isGlued: boolean;
}

interface Lexed {
  readonly pieces: Piece[];
  readonly tokens: Token[];
  readonly errors: CorefileError[];
  readonly warnings: CorefileWarning[];
}

/** The state of the lexer: `at` and `lineStart` are indexes into the text, `lastLine` is the line on which the last token ended. */
interface Scan extends Lexed {
  readonly text: string;
  readonly locate: Locate;
  at: number;
  line: number;
  lineStart: number;
  lastLine: number;
  /** The same for pieces, and where the last one ended. */
  lastPieceLine: number;
  lastPieceEnd: number;
}

const SPACE = /\p{White_Space}/u;
const BYTE_ORDER_MARK = '\uFEFF';

/** A blank that is not one of ASCII: web pages have them. */
const ODD_SPACE = /[^\0-\x7f]/;
/** Characters without a look of their own, and blanks within quotes that are not of ASCII. */
const INVISIBLE = /[\u00AD\u200B-\u200F\u2060\uFEFF]/;
const ODD_IN_QUOTES = /(?=[^\0-\x7f])[\p{White_Space}\u00AD\u200B-\u200F\u2060\uFEFF]/u;

/** Splits a text into tokens. After an error it goes on with the next line. */
export function lex(text: string, locate: Locate = inFile('Corefile')): Lexed {
  const at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  const scan: Scan = {
    text,
    locate,
    at,
    line: 1,
    lineStart: at,
    lastLine: 0,
    tokens: [],
    errors: [],
    warnings: [],
    pieces: [],
    lastPieceLine: 0,
    lastPieceEnd: -1,
  };
  let oddLine = 0;
  while (scan.at < text.length) {
    const char = text[scan.at]!;
    if (char === '"') readQuoted(scan);
    else if (char === '#') readComment(scan);
    else if (SPACE.test(char)) {
      if (ODD_SPACE.test(char) && oddLine !== scan.line)
        doubt(scan, here(scan), `${codeOf(char)} is read as a blank`, ' ');
      if (ODD_SPACE.test(char)) oddLine = scan.line;
      advance(scan, scan.at + 1);
    } else readWord(scan);
  }
  return { pieces: scan.pieces, tokens: scan.tokens, errors: scan.errors, warnings: scan.warnings };
}

/** Word processors and web pages write these instead of quotes. */
const TYPOGRAPHIC = /^[\u2018-\u201F\u00AB]/;

function readWord(scan: Scan): void {
  const start = here(scan);
  let word = '';
  for (; scan.at < scan.text.length; scan.at++) {
    const char = scan.text[scan.at]!;
    if (char === '\r') continue; // dropped even within a word
    if (char === '#' || SPACE.test(char)) break;
    word += char;
  }
  push(scan, word === '{' || word === '}' ? word : 'word', word, start);
  const typographic = TYPOGRAPHIC.exec(word)?.[0];
  if (typographic) {
    doubt(scan, start, `the typographic quote ${typographic} is an ordinary character and quotes nothing`, '"');
  }
  const invisible = INVISIBLE.exec(word)?.[0];
  if (invisible) doubt(scan, start, `the word has an invisible character, ${codeOf(invisible)}`);
  if (scan.text[scan.at] !== '#') return;
  const position = here(scan).position;
  const message = `a comment starts within a word: '${readComment(scan)}' is dropped; quote a word that has a '#' in it`;
  scan.warnings.push({ name: 'in-word-comment', position, message });
}

function readQuoted(scan: Scan): void {
  const begin = here(scan);
  const start = scan.at + 1;
  const end = closingQuote(scan.text, start);
  if (end === -1) {
    scan.errors.push(syntaxError(begin.position, `Quote is never closed, expecting '"'`));
    scan.at = endOfLine(scan);
    push(scan, 'quoted', scan.text.slice(start, scan.at).trimEnd(), begin);
  } else {
    advance(scan, end + 1);
    const text = scan.text.slice(start, end);
    push(scan, 'quoted', unescapeQuotes(text), begin);
    const odd = ODD_IN_QUOTES.exec(text)?.[0];
    if (odd) doubt(scan, begin, `the quoted text has ${codeOf(odd)}, which looks like a blank or like nothing`);
  }
}

/** Warns of what word processors and web pages write; `instead` is what to write in its place, if anything. */
function doubt({ warnings }: Scan, { position }: Here, what: string, instead?: string): void {
  const remedy = instead === undefined ? 'remove it' : instead === ' ' ? 'write a blank' : `write ${instead}`;
  warnings.push({ name: 'typography', position, message: `${what}: ${remedy}` });
}

function codeOf(char: string): string {
  const code = `U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return char === '\u00A0' ? `a non-breaking space (${code})` : code;
}

function readComment(scan: Scan): string {
  const start = here(scan);
  scan.at = endOfLine(scan);
  const comment = scan.text.slice(start.at, scan.at).trimEnd();
  note(scan, 'comment', comment, start);
  return comment;
}

/** A place in the text, and in the file that the text is a part of. */
interface Here {
  readonly at: number;
  readonly line: number;
  readonly column: number;
  readonly position: Position;
}

function push(scan: Scan, kind: TokenKind, text: string, start: Here): void {
  const { line, position } = start;
  note(scan, kind, kind === 'quoted' ? scan.text.slice(start.at, scan.at) : text, start);
  scan.tokens.push({ kind, text, position, startsLine: line > scan.lastLine });
  scan.lastLine = scan.line;
}

/** Keeps a piece as it is written; `scan` is at its end. */
function note(scan: Scan, kind: Piece['kind'], text: string, { line, at, column }: Here): void {
  const { pieces, lastPieceLine, lastPieceEnd } = scan;
  const startsLine = line > lastPieceLine;
  pieces.push({ kind, text, column, startsLine, blankBefore: line > lastPieceLine + 1, isGlued: at === lastPieceEnd });
  scan.lastPieceLine = scan.line;
  scan.lastPieceEnd = scan.at;
}

function here({ locate, line, at, lineStart }: Scan): Here {
  const column = at - lineStart + 1;
  return { at, line, column, position: locate(line, column) };
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
