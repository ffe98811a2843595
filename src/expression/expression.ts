import type { Pattern } from '../corefile/pattern.ts';
import type { QueryFunction } from './functions.ts';

/** The value of an expression. */
export type Value = boolean | number | string | readonly Value[];

/** The types of values; items of an empty list have the type `unknown`. */
export type Type = 'boolean' | 'number' | 'string' | 'unknown' | { readonly listOf: Type };

export type BinaryOperator =
  | 'or'
  | 'and'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

/** A parsed expression whose types are checked. */
export type Expression = { readonly type: Type } & (
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'item'; readonly list: Expression; readonly index: Expression }
  | { readonly kind: 'slice'; readonly whole: Expression; readonly from?: Expression; readonly to?: Expression }
  | { readonly kind: 'call'; readonly called: QueryFunction; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'negative'; readonly operand: Expression }
  | { readonly kind: 'matches'; readonly text: Expression; readonly pattern: Pick<Pattern, 'test'> }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'choice'; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }
);

export function printType(type: Type): string {
  return typeof type === 'object' ? `list of ${printType(type.listOf)}s` : type;
}

/** Whether values of the two types can be the same. */
export function fits(a: Type, b: Type): boolean {
  if (a === 'unknown' || b === 'unknown') return true;
  if (typeof a === 'object' && typeof b === 'object') return fits(a.listOf, b.listOf);
  return a === b;
}
