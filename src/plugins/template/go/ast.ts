/** A template as a tree (Go's text/template, without nested templates). */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  /** Prints a value, unless it declares or sets a variable. */
  | { readonly kind: 'output'; readonly pipeline: Pipeline }
  | { readonly kind: 'if' | 'with'; readonly pipeline: Pipeline; readonly body: List; readonly otherwise: List }
  | { readonly kind: 'range'; readonly pipeline: Pipeline; readonly body: List; readonly otherwise: List }
  | { readonly kind: 'break' | 'continue' };

export type List = readonly Node[];

/** `[$x :=] command | command …`: the value of each command is the last argument of the next. */
export interface Pipeline {
  /** Variables that take the value; with two, of `range`, the first takes the index. */
  readonly variables: readonly string[];
  /** Whether they are declared here, or were declared before. */
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

/** An operand, or a function or method with its arguments. */
export interface Command {
  readonly first: Operand;
  readonly args: readonly Operand[];
}

export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | undefined }
  | { readonly kind: 'function'; readonly name: string }
  /** Nested fields of `base`. */
  | { readonly kind: 'chain'; readonly base: Base; readonly fields: readonly string[] };

type Base =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'group'; readonly pipeline: Pipeline };
