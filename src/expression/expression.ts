/*
 * The typed expressions about queries that Corefiles hold: this file has their types, parser.ts reads and checks them, evaluate.ts
 * computes them. Begin here, then read functions.ts for what expressions can ask. It never changes a query, and never runs without a
 * bound.
 */

import type { Pattern } from '../corefile/pattern.ts';
import type { Query } from '../plugin/query.ts';

/** What an expression comes to. */
export type Value = boolean | number | string | readonly Value[];

/** The types of values; `unknown` is that of the items of an empty list. */
export type Type = 'boolean' | 'number' | 'string' | 'unknown' | { readonly listOf: Type };

/** What expressions are evaluated with. */
export interface Scope {
  /** What was asked, which is the same for all clients. */
  readonly question: Pick<Query, 'name' | 'type' | 'class'>;
  readonly query: Query;
  /** What a plugin of the block says of the query under a label. */
  label(label: string): string | undefined;
  /** What a group of a regular expression matched; empty if it took no part. */
  group?(group: string): string;
  /** The values of the variables that the expressions may name. */
  readonly variables?: ReadonlyMap<string, Value>;
}

/** A function that expressions can call; it throws where it has no value. */
export interface QueryFunction {
  /** The type of each argument, or the types that it may have. */
  readonly takes: readonly (Type | readonly Type[])[];
  readonly gives: Type;
  call(scope: Scope, args: readonly Value[]): Value;
}

/** What an expression may speak of. */
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

/** An expression that was read, and whose types fit. */
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
