import { type CorefileError, syntaxError } from './error.ts';
import type { Token } from './token.ts';

/**
 * Splits braces off the words that they touch, if the braces of the file do not match otherwise. Each such brace is an error, as it is part of the
 * word. Reading it as a brace gives one error instead of one for each line that follows.
 */
export function splitGluedBraces(tokens: readonly Token[], errors: CorefileError[]): readonly Token[] {
  const count = (kind: string) => tokens.filter((token) => token.kind === kind).length;
  const missing = Math.sign(count('}') - count('{'));
  if (missing === 0) return tokens;
  const brace = missing > 0 ? '{' : '}';
  return tokens.flatMap((token, i) => {
    const parts = splitWord(token, brace, tokens[i + 1]?.startsLine ?? true);
    if (parts.length > 1) errors.push(syntaxError(token.position, complaint(token.text, brace)));
    return parts;
  });
}

function splitWord(token: Token, brace: '{' | '}', isLast: boolean): readonly Token[] {
  const { kind, text, position } = token;
  const word = text.startsWith(brace) ? text.slice(1) : text.slice(0, -1);
  const isEnd = text.endsWith(brace) && isLast;
  if (kind !== 'word' || !(isEnd || text.startsWith(brace)) || /[{}]/.test(word)) return [token];
  const behind = { ...position, column: position.column + text.length - (isEnd ? 1 : word.length) };
  const rest = { startsLine: false, position: behind };
  return isEnd
    ? [
        { ...token, text: word },
        { ...rest, kind: brace, text: brace },
      ]
    : [
        { ...token, kind: brace, text: brace },
        { ...rest, kind, text: word },
      ];
}

function complaint(text: string, brace: '{' | '}'): string {
  const fixed = text.endsWith(brace) ? `${text.slice(0, -1)} ${brace}` : `${brace} ${text.slice(1)}`;
  return `Unexpected '${brace}' in the word '${text}' - a brace must have a blank on either side: write '${fixed}'`;
}
