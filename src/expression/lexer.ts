import { CairnError } from '../base/errors.ts';

/** An expression that cannot be read; `at` counts characters from 1. */
export class ExpressionError extends CairnError {
  constructor(at: number, problem: string) {
    super('EXPRESSION', `${problem}, at character ${at}`);
  }
}

export interface Lexeme {
  readonly kind: 'number' | 'string' | 'word' | 'symbol' | 'end';
  /** The text; for a string, its value. */
  readonly text: string;
  /** The position of the first character, counted from 1. */
  readonly at: number;
}

/** White space; number; string; name; operator; anything else. */
const LEXEME =
  /\s+|(\d[\d_]*(?:\.\d+)?)|('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`)|([A-Za-z_]\w*)|(\|\||&&|[=!<>]=|[-+*/%<>!?:(),[\]])|(.)/gs;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Splits an expression; the last lexeme is its end. @throws ExpressionError */
export function lexExpression(text: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = [];
  for (const match of text.matchAll(LEXEME)) {
    const [, number, string, word, symbol, stray] = match;
    const at = match.index + 1;
    if (stray !== undefined) throw new ExpressionError(at, `unexpected ${stray}`);
    if (number !== undefined) lexemes.push({ kind: 'number', text: number.replaceAll('_', ''), at });
    else if (string !== undefined) lexemes.push({ kind: 'string', text: unquote(string), at });
    else if (word !== undefined) lexemes.push({ kind: 'word', text: word, at });
    else if (symbol !== undefined) lexemes.push({ kind: 'symbol', text: symbol, at });
  }
  return [...lexemes, { kind: 'end', text: '', at: text.length + 1 }];
}

function unquote(string: string): string {
  const inner = string.slice(1, -1);
  if (string.startsWith('`')) return inner;
  return inner.replace(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}
