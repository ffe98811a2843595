import { TemplateError } from './error.ts';

/** A piece of a template: text between actions, or one word of an action. */
export interface GoToken {
  readonly kind: 'text' | 'string' | 'number' | 'field' | 'variable' | 'word' | 'mark' | 'end';
  /** The text, the value of a string, or a field without its dot; empty for the end of an action. */
  readonly text: string;
  /** Whether the token follows the one before without a blank. */
  readonly glued: boolean;
}

const WORDS =
  /(\s+)|("(?:\\.|[^"\\\n])*")|(`[^`]*`)|('(?:\\.|[^'\\])')|([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))|\.([A-Za-z_]\w*)|(\$\w*)|([A-Za-z_]\w*)|(:=|[=|(),.])/y;

const CLOSE = /(\s+-)?\}\}/y;

/** Splits a template into texts and the words of its actions, trimmed at `{{-` and `-}}`. @throws TemplateError */
export function lexTemplate(source: string): GoToken[] {
  const tokens: GoToken[] = [];
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf('{{', at);
    const trimsBefore = open !== -1 && /^-\s/.test(source.slice(open + 2, open + 4));
    let text = source.slice(at, open === -1 ? undefined : open);
    if (trimNext) text = text.trimStart();
    if (trimsBefore) text = text.trimEnd();
    if (text !== '') tokens.push({ kind: 'text', text, glued: false });
    if (open === -1) return tokens;
    const start = open + 2 + (trimsBefore ? 1 : 0);
    const action = lexComment(source, start) ?? lexAction(source, start, tokens);
    at = action.end;
    trimNext = action.trims;
  }
}

interface ActionEnd {
  /** Where the text after the action starts. */
  readonly end: number;
  readonly trims: boolean;
}

function lexComment(source: string, start: number): ActionEnd | undefined {
  const rest = source.slice(start);
  if (!/^\s*\/\*/.test(rest)) return undefined;
  const comment = /^\s*\/\*.*?\*\/(\s+-)?\}\}/s.exec(rest);
  if (!comment) throw new TemplateError('a comment must fill its action: {{/* … */}}');
  return { end: start + comment[0].length, trims: comment[1] !== undefined };
}

function lexAction(source: string, start: number, tokens: GoToken[]): ActionEnd {
  let at = start;
  let glued = false;
  for (;;) {
    CLOSE.lastIndex = at;
    const close = CLOSE.exec(source);
    if (close) {
      tokens.push({ kind: 'end', text: '', glued: false });
      return { end: CLOSE.lastIndex, trims: close[1] !== undefined };
    }
    WORDS.lastIndex = at;
    const match = WORDS.exec(source);
    if (!match) {
      if (at >= source.length) throw new TemplateError('unclosed action');
      throw new TemplateError(`unexpected ${JSON.stringify(source[at])} in an action`);
    }
    at = WORDS.lastIndex;
    const token = tokenOf(match);
    if (token) tokens.push({ ...token, glued });
    glued = token !== undefined;
  }
}

/** The token of a match of {@link WORDS}; undefined for blanks. */
function tokenOf(match: RegExpExecArray): Omit<GoToken, 'glued'> | undefined {
  const [, blank, quoted, raw, char, number, field, variable, word, mark = ''] = match;
  if (blank !== undefined) return undefined;
  if (quoted !== undefined) return { kind: 'string', text: unquote(quoted.slice(1, -1)) };
  if (raw !== undefined) return { kind: 'string', text: raw.slice(1, -1) };
  if (char !== undefined) return { kind: 'number', text: String(unquote(char.slice(1, -1)).codePointAt(0)) };
  if (number !== undefined) return { kind: 'number', text: number };
  if (field !== undefined) return { kind: 'field', text: field };
  if (variable !== undefined) return { kind: 'variable', text: variable };
  if (word !== undefined) return { kind: 'word', text: word };
  return { kind: 'mark', text: mark };
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', '"': '"', "'": "'" },
};

/** The value of a Go string without its quotes. */
function unquote(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-7]{3}|.)/gs, (whole, code: string) => {
    if (/^[xu]./.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]{3}$/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    const value = ESCAPES[code];
    if (value === undefined) throw new TemplateError(`bad escape ${whole} in a string`);
    return value;
  });
}
