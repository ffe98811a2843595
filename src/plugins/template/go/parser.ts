import type { Command, List, Node, Operand, Pipeline } from './ast.ts';
import { TemplateError } from './error.ts';
import { FUNCTIONS } from './functions.ts';
import { type GoToken, lexTemplate } from './lexer.ts';

/** How deep actions and conditions may nest. */
const MAX_DEPTH = 100;

/** Reads a template. `fields` are the fields of the data, so that a misspelt one is found at once. @throws TemplateError */
export function parseTemplate(source: string, fields: readonly string[]): List {
  const parser = new Parser(lexTemplate(source), fields);
  const { list, end } = parser.list();
  if (end !== undefined) throw new TemplateError(`unexpected {{${end}}}`);
  return list;
}

/** What ended a list of nodes; undefined for the end of the template. */
type ListEnd = 'end' | 'else' | undefined;

class Parser {
  private readonly tokens: readonly GoToken[];
  private readonly fields: readonly string[];
  private readonly variables = ['$'];
  private at = 0;
  private depth = 0;
  /** The number of enclosing `range` and `with`: inside one, the dot is not the data. */
  private shifted = 0;
  private loops = 0;

  constructor(tokens: readonly GoToken[], fields: readonly string[]) {
    this.tokens = tokens;
    this.fields = fields;
  }

  /** Reads nodes up to `{{end}}`, `{{else}}` or the end of the template. */
  list(): { list: List; end: ListEnd } {
    if (++this.depth > MAX_DEPTH) throw new TemplateError(`actions nest more than ${MAX_DEPTH} deep`);
    const known = this.variables.length;
    const list: Node[] = [];
    let end: ListEnd;
    for (let token = this.peek(); token && !end; token = this.peek()) {
      if (token.kind === 'text') list.push({ kind: 'text', text: this.next().text });
      else if (this.skipWord('end')) end = 'end';
      else if (this.skipWord('else')) end = 'else';
      else list.push(this.action());
      if (end === 'end') this.closeAction();
    }
    this.variables.length = known;
    this.depth--;
    return { list, end };
  }

  private action(): Node {
    if (this.skipWord('if')) return this.branch('if');
    if (this.skipWord('with')) return this.branch('with');
    if (this.skipWord('range')) return this.branch('range');
    for (const kind of ['break', 'continue'] as const) {
      if (!this.skipWord(kind)) continue;
      if (this.loops === 0) throw new TemplateError(`{{${kind}}} outside {{range}}`);
      this.closeAction();
      return { kind };
    }
    for (const word of ['define', 'template', 'block']) {
      if (this.skipWord(word)) throw new TemplateError(`{{${word}}} is not supported: a template stands by itself`);
    }
    const pipeline = this.pipeline(1);
    this.closeAction();
    return { kind: 'output', pipeline };
  }

  /** Reads the rest of a condition or loop, up to its `{{end}}`. */
  private branch(kind: 'if' | 'with' | 'range'): Node {
    const known = this.variables.length;
    const pipeline = this.pipeline(kind === 'range' ? 2 : 1);
    this.closeAction();
    const shifts = kind === 'if' ? 0 : 1;
    const loops = kind === 'range' ? 1 : 0;
    this.shifted += shifts;
    this.loops += loops;
    const body = this.list();
    this.shifted -= shifts;
    this.loops -= loops;
    const otherwise = body.end === 'else' ? this.otherwise() : { list: [], end: body.end };
    if (otherwise.end !== 'end') throw new TemplateError(`{{${kind}}} without {{end}}`);
    this.variables.length = known;
    return { kind, pipeline, body: body.list, otherwise: otherwise.list };
  }

  /** Reads what follows `else`. `else if` and `else with` share the one `{{end}}`. */
  private otherwise(): { list: List; end: ListEnd } {
    if (this.skipWord('if')) return { list: [this.branch('if')], end: 'end' };
    if (this.skipWord('with')) return { list: [this.branch('with')], end: 'end' };
    this.closeAction();
    return this.list();
  }

  private pipeline(maxVariables: number): Pipeline {
    const { variables, declares } = this.assignment(maxVariables);
    const commands = [this.command()];
    while (this.skipMark('|')) commands.push(this.command());
    if (declares) this.variables.push(...variables);
    return { variables, declares, commands };
  }

  /** Reads `$x :=`, `$x =` or, with two variables allowed, `$i, $x :=`; empty if there is none. */
  private assignment(maxVariables: number): { variables: string[]; declares: boolean } {
    const start = this.at;
    const variables: string[] = [];
    while (this.peek()?.kind === 'variable' && variables.length < maxVariables) {
      variables.push(this.next().text);
      if (this.skipMark(':=')) return { variables, declares: true };
      if (this.skipMark('=')) {
        for (const name of variables) this.checkVariable(name);
        return { variables, declares: false };
      }
      if (!this.skipMark(',')) break;
    }
    this.at = start;
    return { variables: [], declares: false };
  }

  private command(): Command {
    const first = this.operand();
    const args: Operand[] = [];
    for (let token = this.peek(); token && !endsCommand(token); token = this.peek()) {
      if (token.glued) throw unexpected(token);
      args.push(this.operand());
    }
    if (first.kind === 'literal' && args.length > 0) throw new TemplateError('a constant takes no arguments');
    return { first, args };
  }

  private operand(): Operand {
    const token = this.next();
    switch (token.kind) {
      case 'string':
        return { kind: 'literal', value: token.text };
      case 'number':
        return { kind: 'literal', value: Number(token.text) };
      case 'word':
        return wordOperand(token.text);
      case 'field': {
        const fields = [token.text, ...this.chained()];
        if (this.shifted === 0) this.checkField(fields[0]!);
        return { kind: 'chain', base: { kind: 'dot' }, fields };
      }
      case 'variable': {
        this.checkVariable(token.text);
        const fields = this.chained();
        if (token.text === '$' && fields[0] !== undefined) this.checkField(fields[0]);
        return { kind: 'chain', base: { kind: 'variable', name: token.text }, fields };
      }
      default:
        if (token.text === '.') return { kind: 'chain', base: { kind: 'dot' }, fields: [] };
        if (token.text === '(') return this.group();
        throw unexpected(token);
    }
  }

  private group(): Operand {
    if (++this.depth > MAX_DEPTH) throw new TemplateError(`parentheses nest more than ${MAX_DEPTH} deep`);
    const pipeline = this.pipeline(0);
    if (!this.skipMark(')')) throw new TemplateError('a parenthesis is not closed');
    this.depth--;
    return { kind: 'chain', base: { kind: 'group', pipeline }, fields: this.chained() };
  }

  /** The fields directly after an operand. */
  private chained(): string[] {
    const fields: string[] = [];
    for (let token = this.peek(); token?.kind === 'field' && token.glued; token = this.peek()) {
      fields.push(this.next().text);
    }
    return fields;
  }

  private checkField(name: string): void {
    if (!this.fields.includes(name)) {
      throw new TemplateError(`there is no .${name}, expecting one of ${this.fields.map((f) => `.${f}`).join(', ')}`);
    }
  }

  private checkVariable(name: string): void {
    if (!this.variables.includes(name)) throw new TemplateError(`undefined variable "${name}"`);
  }

  private peek(): GoToken | undefined {
    return this.tokens[this.at];
  }

  private next(): GoToken {
    const token = this.tokens[this.at++];
    if (!token) throw new TemplateError('unexpected end of the template');
    return token;
  }

  private skipWord(word: string): boolean {
    const token = this.peek();
    return token?.kind === 'word' && token.text === word && ++this.at > 0;
  }

  private skipMark(mark: string): boolean {
    const token = this.peek();
    return token?.kind === 'mark' && token.text === mark && ++this.at > 0;
  }

  private closeAction(): void {
    const token = this.next();
    if (token.kind !== 'end') throw unexpected(token);
  }
}

function endsCommand({ kind, text }: GoToken): boolean {
  return kind === 'end' || (kind === 'mark' && (text === '|' || text === ')'));
}

function wordOperand(name: string): Operand {
  if (name === 'true' || name === 'false') return { kind: 'literal', value: name === 'true' };
  if (name === 'nil') return { kind: 'literal', value: undefined };
  if (!FUNCTIONS.has(name)) throw new TemplateError(`function "${name}" not defined`);
  return { kind: 'function', name };
}

function unexpected({ kind, text }: GoToken): TemplateError {
  return new TemplateError(kind === 'end' ? 'a value is missing' : `unexpected "${text}" in an action`);
}
