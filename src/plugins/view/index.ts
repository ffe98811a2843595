import { CairnError } from '../../base/errors.ts';
import { atLeastArgs, exactArgs, once, parseOptions } from '../../corefile/arguments.ts';
import { CorefileError } from '../../corefile/error.ts';
import { constantValue, readsLabels } from '../../expression/constant.ts';
import { evaluate } from '../../expression/evaluate.ts';
import type { Expression } from '../../expression/expression.ts';
import { FUNCTIONS } from '../../expression/functions.ts';
import { readCondition } from '../../expression/parser.ts';
import { NO_LABELS } from '../../plugin/arguments.ts';
import { SELECTION } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';

interface ViewOptions {
  readonly name: string;
  /** All of them must be true. */
  readonly expressions: readonly Expression[];
}

/** Lets a block serve only some queries of its zones. */
export default definePlugin<ViewOptions>({
  name: 'view',
  dependsOn: 'marked',

  parse(uses, { warn }) {
    const directive = once(uses);
    const [{ text: name }] = exactArgs(directive, 1);
    const expressions: Expression[] = [];
    parseOptions(directive, {
      expr: (line) => void expressions.push(readCondition(atLeastArgs(line, 1), { functions: FUNCTIONS }, warn)),
    });
    if (expressions.length === 0) {
      throw new CorefileError(directive.position, "'expr' is required - add 'expr EXPRESSION'");
    }
    return { name, expressions };
  },

  settings: ({ name, expressions }) => ({
    view: name,
    acceptsAll: expressions.every((expression) => constantValue(expression) === true),
  }),

  create({ name, expressions }, env) {
    if (expressions.some(readsLabels) && !env.block.labelled) env.log.warning(NO_LABELS);
    env.offer(SELECTION, (query) => {
      const scope = { question: query, query, label: (label: string) => env.label(query, label) };
      try {
        return expressions.every((expression) => evaluate(expression, scope) === true);
      } catch (thrown) {
        // An expression without a value counts as false.
        if (thrown instanceof CairnError) return false;
        throw thrown;
      }
    });
    return { label: (_, label) => (label === 'name' ? name : undefined) };
  },
});
