import { RE2JS, RE2JSException } from 're2js';
import { CorefileError } from './error.ts';
import type { Token } from './token.ts';

/** The maximum length of a regular expression, in characters. */
export const MAX_PATTERN_CHARS = 10_000;

/**
 * A regular expression in CoreDNS's syntax (RE2), unanchored. `test(text)` says whether it matches, and `exec(text)` gives the match and its groups
 * like JavaScript's. Both take time in proportion to the text, for any expression.
 */
export type Pattern = Pick<RE2JS, 'test' | 'exec' | 'groupCount' | 'namedGroups'>;

/** Reads a token as a regular expression. @throws CorefileError if it is too long or not valid. */
export function pattern({ text, position }: Token): Pattern {
  if (text.length > MAX_PATTERN_CHARS) {
    const detail = `the regular expression has ${text.length} characters, expecting at most ${MAX_PATTERN_CHARS}`;
    throw new CorefileError(position, detail);
  }
  try {
    return RE2JS.compile(text);
  } catch (thrown) {
    if (!(thrown instanceof RE2JSException)) throw thrown;
    const reason = thrown.message.replace('error parsing regexp: ', '');
    throw new CorefileError(position, `invalid regular expression '${text}' - ${reason}`);
  }
}
