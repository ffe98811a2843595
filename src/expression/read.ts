import { atToken } from '../corefile/error.ts';
import { pattern } from '../corefile/pattern.ts';
import type { Token } from '../corefile/token.ts';
import type { Expression } from './expression.ts';
import type { Vocabulary } from './functions.ts';
import { parseCondition, parseExpression } from './parser.ts';

type Words = readonly [Token, ...Token[]];

/** Reads the rest of a line as an expression. The words are joined by spaces, so strings must be in single quotes. @throws CorefileError */
export function readExpression(words: Words, vocabulary: Vocabulary): Expression {
  return read(words, vocabulary, parseExpression);
}

/** The same for an expression whose value is true or false. @throws CorefileError */
export function readCondition(words: Words, vocabulary: Vocabulary): Expression {
  return read(words, vocabulary, parseCondition);
}

function read(words: Words, vocabulary: Vocabulary, parse: typeof parseExpression): Expression {
  const [first] = words;
  const text = words.map((token) => token.text).join(' ');
  return atToken(first, () => parse(text, vocabulary, (expression) => pattern({ ...first, text: expression })));
}
