import type { Command, List, Node, Operand, Pipeline } from './ast.ts';
import { TemplateError } from './error.ts';
import { FUNCTIONS } from './functions.ts';
import { fieldOf, isArray, isMap, isTrue, kindOf, printValue, type Struct, type Value } from './value.ts';

/** The maximum number of actions, texts and loop rounds for one result: the length of a loop may come from the client. */
export const MAX_STEPS = 10_000;
/** The maximum length of a result. No record is longer as text. */
export const MAX_OUTPUT_CHARS = 65_535;

/** Fills a template in. @throws TemplateError */
export function evaluate(list: List, data: Struct): string {
  const run = new Run(data);
  run.list(list, data);
  return run.output;
}

/** How a list of nodes ended: normally, or at a `break` or `continue`. */
type Outcome = 'done' | 'break' | 'continue';

interface Variable {
  readonly name: string;
  value: Value;
}

class Run {
  output = '';
  private readonly variables: Variable[];
  private steps = 0;

  constructor(data: Struct) {
    this.variables = [{ name: '$', value: data }];
  }

  list(list: List, dot: Value): Outcome {
    const known = this.variables.length;
    let outcome: Outcome = 'done';
    for (const node of list) {
      this.step();
      outcome = this.node(node, dot);
      if (outcome !== 'done') break;
    }
    this.variables.length = known;
    return outcome;
  }

  private step(): void {
    if (++this.steps > MAX_STEPS) throw new TemplateError(`the template takes more than ${MAX_STEPS} steps`);
  }

  private node(node: Node, dot: Value): Outcome {
    switch (node.kind) {
      case 'text':
        this.print(node.text);
        return 'done';
      case 'output': {
        const value = this.pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.print(printValue(value, '<no value>'));
        return 'done';
      }
      case 'range':
        return this.scoped(() => this.range(node, dot));
      case 'if':
      case 'with':
        return this.scoped(() => {
          const value = this.pipeline(node.pipeline, dot);
          if (!isTrue(value)) return this.list(node.otherwise, dot);
          return this.list(node.body, node.kind === 'with' ? value : dot);
        });
      default:
        return node.kind;
    }
  }

  private print(text: string): void {
    this.output += text;
    if (this.output.length > MAX_OUTPUT_CHARS) {
      throw new TemplateError(`the template makes more than ${MAX_OUTPUT_CHARS} characters`);
    }
  }

  /** Runs something, and then removes the variables that it has declared. */
  private scoped(run: () => Outcome): Outcome {
    const known = this.variables.length;
    const outcome = run();
    this.variables.length = known;
    return outcome;
  }

  private range({ pipeline, body, otherwise }: Extract<Node, { kind: 'range' }>, dot: Value): Outcome {
    const { variables, declares } = pipeline;
    const items = entriesOf(this.commands(pipeline, dot));
    let empty = true;
    for (const [key, item] of items) {
      empty = false;
      this.step();
      const outcome = this.scoped(() => {
        const values = variables.length === 2 ? [key, item] : [item];
        for (const [i, name] of variables.entries()) this.assign(name, values[i], declares);
        return this.list(body, item);
      });
      if (outcome === 'break') break;
    }
    return empty ? this.list(otherwise, dot) : 'done';
  }

  private pipeline(pipeline: Pipeline, dot: Value): Value {
    const value = this.commands(pipeline, dot);
    for (const name of pipeline.variables) this.assign(name, value, pipeline.declares);
    return value;
  }

  private commands({ commands }: Pipeline, dot: Value): Value {
    let value: Value;
    for (const [i, command] of commands.entries()) value = this.command(command, dot, i === 0 ? [] : [value]);
    return value;
  }

  private assign(name: string, value: Value, declares: boolean): void {
    if (declares) this.variables.push({ name, value });
    else this.variable(name).value = value;
  }

  private variable(name: string): Variable {
    const found = this.variables.findLast((variable) => variable.name === name);
    if (!found) throw new TemplateError(`undefined variable "${name}"`);
    return found;
  }

  /** `piped` is the value of the command before, and the last argument of this one. */
  private command({ first, args }: Command, dot: Value, piped: readonly Value[]): Value {
    if (first.kind === 'function' && (first.name === 'and' || first.name === 'or')) {
      return this.shortCircuit(first.name, args, dot, piped);
    }
    const values = [...args.map((arg) => this.operand(arg, dot)), ...piped];
    if (first.kind === 'function') return FUNCTIONS.get(first.name)!(...values);
    if (first.kind === 'chain') return this.chain(first, dot, values);
    if (values.length > 0) throw new TemplateError('a constant takes no arguments');
    return first.value;
  }

  private shortCircuit(name: 'and' | 'or', args: readonly Operand[], dot: Value, piped: readonly Value[]): Value {
    let value: Value = piped[0];
    for (const arg of args) {
      value = this.operand(arg, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  private operand(operand: Operand, dot: Value): Value {
    return this.command({ first: operand, args: [] }, dot, []);
  }

  /** Only the last method of a chain may have arguments. */
  private chain({ base, fields }: Extract<Operand, { kind: 'chain' }>, dot: Value, args: readonly Value[]): Value {
    let value: Value;
    if (base.kind === 'dot') value = dot;
    else if (base.kind === 'variable') value = this.variable(base.name).value;
    else value = this.pipeline(base.pipeline, dot);
    for (const [i, field] of fields.entries()) {
      value = fieldOf(value, field);
      if (typeof value !== 'function') continue;
      const last = i === fields.length - 1;
      value = value(...(last ? args : []));
      if (last) return value;
    }
    if (args.length > 0) throw new TemplateError(`${kindOf(value)} takes no arguments`);
    return value;
  }
}

/** The items of `range`: those of a list with their indexes, those of a map by sorted keys, or the numbers below a number. */
function* entriesOf(value: Value): Generator<readonly [Value, Value]> {
  if (isArray(value)) yield* value.entries();
  else if (isMap(value)) yield* [...value].sort(([a], [b]) => (a < b ? -1 : 1));
  else if (typeof value === 'number') for (let i = 0; i < value; i++) yield [i, i];
  else if (value !== undefined) throw new TemplateError(`range can't iterate over ${kindOf(value)}`);
}
