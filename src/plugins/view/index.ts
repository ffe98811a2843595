import { atLeastArgs, exactArgs, once, parseOptions } from '../../corefile/arguments.ts';
import type { OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import { pattern } from '../../corefile/pattern.ts';
import { CairnError } from '../../errors.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { evaluate } from './evaluate.ts';
import type { Expression } from './expression.ts';
import { parseExpression } from './parser.ts';

interface ViewOptions {
  readonly name: string;
  /** All of them must be true. */
  readonly expressions: readonly Expression[];
}

/** Lets a block serve only some queries of its zones. */
export default definePlugin<ViewOptions>({
  name: 'view',

  parse(uses) {
    const directive = once(uses);
    const [{ text: name }] = exactArgs(directive, 1);
    const expressions: Expression[] = [];
    parseOptions(directive, { expr: (line) => void expressions.push(readExpression(line)) });
    if (expressions.length === 0) {
      throw new CorefileError(directive.position, "'expr' is required - add 'expr EXPRESSION'");
    }
    return { name, expressions };
  },

  settings: ({ name }) => ({ view: name }),

  create: ({ expressions }, env) => ({
    selects(query) {
      const scope = { query, label: (label: string) => env.label(query, label) };
      try {
        return expressions.every((expression) => evaluate(expression, scope) === true);
      } catch (thrown) {
        // What has no value is not true.
        if (thrown instanceof CairnError) return false;
        throw thrown;
      }
    },
  }),
});

/** Words are joined by blanks, so strings are in single quotes: double ones are the Corefile's own. */
function readExpression(line: OptionLine): Expression {
  const args = atLeastArgs(line, 1);
  const [first] = args;
  const text = args.map((token) => token.text).join(' ');
  return atToken(first, () => parseExpression(text, (expression) => pattern({ ...first, text: expression })));
}
