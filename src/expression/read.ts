import { atToken } from '../corefile/error.ts';
import { pattern } from '../corefile/pattern.ts';
import type { Token } from '../corefile/token.ts';
import type { Expression, Vocabulary } from './expression.ts';
import { parseCondition, parseExpression } from './parser.ts';

type Words = readonly [Token, ...Token[]];

/** The expression that the rest of a line holds: words are joined by blanks, so strings are in single quotes. @throws CorefileError */
export function readExpression(words: Words, vocabulary: Vocabulary): Expression {
  return read(words, vocabulary, parseExpression);
}

/** The same for an expression that says yes or no. @throws CorefileError */
export function readCondition(words: Words, vocabulary: Vocabulary): Expression {
  return read(words, vocabulary, parseCondition);
}

function read(words: Words, vocabulary: Vocabulary, parse: typeof parseExpression): Expression {
  const [first] = words;
  const text = words.map((token) => token.text).join(' ');
  return atToken(first, () => parse(text, vocabulary, (expression) => pattern({ ...first, text: expression })));
}
