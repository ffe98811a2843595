import { type CorefileError, type CorefileWarning, syntaxError } from './error.ts';
import type { Position } from './position.ts';
import type { Token, TokenKind } from './token.ts';

export interface Lexed {
  readonly tokens: Token[];
  readonly errors: CorefileError[];
  readonly warnings: CorefileWarning[];
}

const SPACE = /\p{White_Space}/u;
const BYTE_ORDER_MARK = '\uFEFF';

/** Splits the text of one file into tokens. After an error it goes on with the next line. */
export function lex(file: string, text: string): Lexed {
  const lexed: Lexed = { tokens: [], errors: [], warnings: [] };
  let at = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  let line = 1;
  let lineStart = at;
  let lastLine = 0;

  const here = (): Position => ({ file, line, column: at - lineStart + 1 });
  const endOfLine = (): number => {
    const end = text.indexOf('\n', at);
    return end === -1 ? text.length : end;
  };
  const newline = (): void => {
    line++;
    lineStart = at;
  };
  const push = (kind: TokenKind, tokenText: string, position: Position): void => {
    lexed.tokens.push({ kind, text: tokenText, position, endLine: line, startsLine: position.line > lastLine });
    lastLine = line;
  };

  const comment = (): string => {
    const start = at;
    at = endOfLine();
    return text.slice(start, at).trimEnd();
  };

  const word = (): void => {
    const position = here();
    let value = '';
    for (; at < text.length; at++) {
      const char = text[at]!;
      if (char === '#') break;
      if (char === '\r') continue; // dropped also in mid-word
      if (SPACE.test(char)) break;
      value += char;
    }
    push(value === '{' || value === '}' ? value : 'word', value, position);
    if (text[at] === '#') {
      const hash = here();
      const message = `the comment starts in mid-word: '${comment()}' is dropped; quote a word that has a '#' in it`;
      lexed.warnings.push({ position: hash, message });
    }
  };

  const quoted = (): void => {
    const position = here();
    const end = closingQuote(text, at + 1);
    if (end === -1) {
      lexed.errors.push(syntaxError(position, `Quote is never closed, expecting '"'`));
      const rest = text.slice(at + 1, endOfLine()).trimEnd();
      at = endOfLine();
      push('quoted', rest, position);
      return;
    }
    const raw = text.slice(at + 1, end);
    for (at++; at < end; ) {
      if (text[at++] === '\n') newline();
    }
    at = end + 1;
    push('quoted', unescape(raw), position);
  };

  while (at < text.length) {
    const char = text[at]!;
    if (char === '"') quoted();
    else if (char === '#') comment();
    else if (!SPACE.test(char)) word();
    else {
      at++;
      if (char === '\n') newline();
    }
  }
  return lexed;
}

/** The index of the quote that closes a token, or -1. A backslash takes the character after it along. */
function closingQuote(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return at;
    if (text[at] === '\\') at++;
  }
  return -1;
}

/** `\"` is the only escape; every other backslash stays as written, for the sake of regular expressions. */
function unescape(raw: string): string {
  return raw.replace(/\\(.)/gs, (pair, char) => (char === '"' ? '"' : pair));
}
