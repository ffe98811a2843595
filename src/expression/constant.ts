import { CairnError } from '../base/errors.ts';
import { evaluate } from './evaluate.ts';
import type { Expression, Scope, Value } from './expression.ts';
import { FUNCTIONS } from './functions.ts';

/** Nothing of it is asked, as the expression has neither functions nor variables. */
const NO_SCOPE = {} as Scope;

/** The value that an expression has for every query; undefined if it depends on the query, or has no value. */
export function constantValue(expression: Expression): Value | undefined {
  if (dependsOnQuery(expression)) return undefined;
  try {
    return evaluate(expression, NO_SCOPE);
  } catch (thrown) {
    if (thrown instanceof CairnError) return undefined;
    throw thrown;
  }
}

/** Whether an expression reads labels of the query. */
export function readsLabels(expression: Expression): boolean {
  const isReader = expression.kind === 'call' && expression.called === FUNCTIONS.get('metadata');
  return isReader || partsOf(expression).some(readsLabels);
}

function dependsOnQuery(expression: Expression): boolean {
  return expression.kind === 'call' || expression.kind === 'variable' || partsOf(expression).some(dependsOnQuery);
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'variable':
      return [];
    case 'list':
      return expression.items;
    case 'item':
      return [expression.list, expression.index];
    case 'slice':
      return [expression.whole, expression.from, expression.to].filter((part) => part !== undefined);
    case 'call':
      return expression.args;
    case 'not':
    case 'negative':
      return [expression.operand];
    case 'matches':
      return [expression.text];
    case 'binary':
      return [expression.left, expression.right];
    case 'choice':
      return [expression.condition, expression.yes, expression.no];
  }
}
