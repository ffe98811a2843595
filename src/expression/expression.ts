/*
 * The typed expressions about queries that Corefiles hold: this file has their types, parser.ts reads and checks them, evaluate.ts
 * computes them. Begin here, then read functions.ts for what expressions can ask. It never changes a query, and never runs without a
 * bound.
 */

import type { Pattern } from '../corefile/pattern.ts';
import type { Query } from '../plugin/query.ts';

/** The value of an expression. */
export type Value = boolean | number | string | readonly Value[];

/** The types of values; items of an empty list have the type `unknown`. */
export type Type = 'boolean' | 'number' | 'string' | 'unknown' | { readonly listOf: Type };

/** What expressions are evaluated with. */
export interface Scope {
  /** The question, without anything that depends on the client. */
  readonly question: Pick<Query, 'name' | 'type' | 'class'>;
  readonly query: Query;
  /** The value of a plugin's label for the query. */
  label(label: string): string | undefined;
  /** The text that a group of a regular expression matched; empty if the group did not match. */
  group?(group: string): string;
  /** The values of variables. */
  readonly variables?: ReadonlyMap<string, Value>;
}

/** A function that expressions can call; it throws if it has no value. */
export interface QueryFunction {
  /** For each argument its type, or a list of types. */
  readonly takes: readonly (Type | readonly Type[])[];
  readonly gives: Type;
  call(scope: Scope, args: readonly Value[]): Value;
}

/** The names that an expression may use. */
export interface Vocabulary {
  readonly functions: ReadonlyMap<string, QueryFunction>;
  readonly variables?: ReadonlyMap<string, Type>;
}

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
