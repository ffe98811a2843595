import { CairnError } from '../base/errors.ts';
import type { BinaryOperator, Expression, Scope, Value } from './expression.ts';
import { bounded } from './functions.ts';

/** The value of an expression for one query. @throws CairnError if it has none */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'list':
      return expression.items.map((item) => evaluate(item, scope));
    case 'variable':
      return scope.variables!.get(expression.name)!;
    case 'item': {
      const list = evaluate(expression.list, scope) as readonly Value[];
      return itemOf(list, evaluate(expression.index, scope) as number);
    }
    case 'slice': {
      const whole = evaluate(expression.whole, scope) as string | readonly Value[];
      const [from, to] = [expression.from, expression.to].map((end) => end && (evaluate(end, scope) as number));
      return whole.slice(from, to);
    }
    case 'call': {
      const args = expression.args.map((arg) => evaluate(arg, scope));
      return expression.called.call(scope, args);
    }
    case 'not':
      return !evaluate(expression.operand, scope);
    case 'negative':
      return -(evaluate(expression.operand, scope) as number);
    case 'matches':
      return expression.pattern.test(evaluate(expression.text, scope) as string);
    case 'choice':
      return evaluate(evaluate(expression.condition, scope) ? expression.yes : expression.no, scope);
    case 'binary': {
      const { operator, left, right } = expression;
      const first = evaluate(left, scope);
      // The right side is not evaluated if the left side decides: it may have no value.
      if (operator === 'and' && !first) return false;
      if (operator === 'or' && first) return true;
      return combine(operator, first, evaluate(right, scope));
    }
  }
}

function combine(operator: BinaryOperator, left: Value, right: Value): Value {
  switch (operator) {
    case 'or':
    case 'and':
      return right;
    case '==':
      return isSame(left, right);
    case '!=':
      return !isSame(left, right);
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case 'in':
      return (right as readonly Value[]).some((item) => isSame(left, item));
    case 'contains':
      return (left as string).includes(right as string);
    case 'startsWith':
      return (left as string).startsWith(right as string);
    case 'endsWith':
      return (left as string).endsWith(right as string);
    case '+':
      return typeof left === 'string' ? bounded(left + right) : (left as number) + (right as number);
    default:
      return calculate(operator, left as number, right as number);
  }
}

function calculate(operator: '-' | '*' | '/' | '%', left: number, right: number): number {
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  if (right === 0) throw new CairnError('EXPRESSION', 'division by zero');
  return operator === '/' ? left / right : left % right;
}

/** The item at an index; a negative index counts from the end. @throws CairnError if there is no such item */
function itemOf(list: readonly Value[], index: number): Value {
  const item = list.at(index);
  if (item === undefined || !Number.isInteger(index)) {
    throw new CairnError('EXPRESSION', `there is no item ${index} in a list of ${list.length}`);
  }
  return item;
}

function isSame(left: Value, right: Value): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') return left === right;
  return left.length === right.length && left.every((item, i) => isSame(item, right[i]!));
}
