import { CorefileError } from './error.ts';
import type { Token } from './token.ts';

/** The longest regular expression that is taken, in characters. */
export const MAX_PATTERN_CHARS = 10_000;

/** What RE2's `[:NAME:]` stands for inside a character class. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/**
 * The regular expression that a token holds, in the syntax that CoreDNS takes (RE2).
 *
 * What the two languages write differently is translated; what JavaScript would read as something else is an error
 * rather than a surprise.
 *
 * @throws CorefileError if it is too long, or no regular expression.
 */
export function pattern({ text, position }: Token): RegExp {
  if (text.length > MAX_PATTERN_CHARS) {
    const detail = `the regular expression has ${text.length} characters, expecting at most ${MAX_PATTERN_CHARS}`;
    throw new CorefileError(position, detail);
  }
  const [, flags = '', body] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(text)!;
  try {
    return new RegExp(translate(body!), `u${[...new Set(flags)].join('')}`);
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    const reason = thrown.message.slice(thrown.message.lastIndexOf(': ') + 2);
    throw new CorefileError(position, `invalid regular expression '${text}' - ${reason}`);
  }
}

function translate(body: string): string {
  return body.replace(/\\(.)|\(\?P<|\[:(\w+):\]/gs, (whole: string, escaped?: string, posix?: string) => {
    if (posix !== undefined) return POSIX_CLASSES[posix] ?? whole;
    if (escaped === undefined) return '(?<';
    if (escaped === 'A') return '(?<![^])';
    if (escaped === 'z') return '(?![^])';
    // RE2 lets any punctuation be escaped, JavaScript's strict mode only its own.
    if (/[!-/:-@[-`{-~]/.test(escaped)) return `\\x${escaped.charCodeAt(0).toString(16)}`;
    return whole;
  });
}
