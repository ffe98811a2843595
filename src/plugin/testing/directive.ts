import type { Directive } from '../../corefile/ast.ts';
import { readBlocks } from '../../corefile/block.ts';
import { type CorefileError, throwAll } from '../../corefile/error.ts';
import { lex } from '../../corefile/lexer.ts';
import type { Token } from '../../corefile/token.ts';

const KEY: Token = {
  kind: 'word',
  text: '.',
  position: { file: 'Corefile', line: 0, column: 1 },
  startsLine: true,
};

/** The directives in the text of a server block's body; positions count from the text's first line, in file `Corefile`. */
export function directives(body: string): readonly Directive[] {
  const { tokens, errors } = lex(body);
  const blockErrors: CorefileError[] = [...errors];
  const [block] = readBlocks([KEY, ...tokens], blockErrors);
  throwAll(blockErrors);
  return block!.directives;
}
