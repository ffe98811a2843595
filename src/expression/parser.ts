import { expectingOneOf } from '../base/suggest.ts';
import { atToken, CorefileError } from '../corefile/error.ts';
import { pattern } from '../corefile/pattern.ts';
import type { Token } from '../corefile/token.ts';
import type { ParseContext } from '../plugin/plugin.ts';
import { constantValue } from './constant.ts';
import { type BinaryOperator, type Expression, fits, printType, type Type, type Vocabulary } from './expression.ts';
import { ExpressionError, type Lexeme, lexExpression } from './lexer.ts';

/** How deep expressions may nest. */
export const MAX_DEPTH = 64;

/** The precedence of operators, as in expr-lang. */
const BINDING: Readonly<Record<string, number>> = {
  ...{ '||': 10, or: 10, '&&': 15, and: 15 },
  ...{ '==': 20, '!=': 20, '<': 20, '<=': 20, '>': 20, '>=': 20, in: 20, not: 20 },
  ...{ contains: 20, startsWith: 20, endsWith: 20, matches: 20 },
  ...{ '+': 30, '-': 30, '*': 60, '/': 60, '%': 60 },
};
const NOT_BINDING = 50;
const NEGATIVE_BINDING = 90;

type Words = readonly [Token, ...Token[]];

/** Reads the rest of a line as an expression. The words are joined by spaces, so strings must be in single quotes. @throws CorefileError */
export function readExpression(words: Words, vocabulary: Vocabulary): Expression {
  return atToken(words[0], () => new Parser(words, vocabulary).whole());
}

/**
 * The same for an expression whose value is true or false. A condition that is the same for all queries chooses nothing, which `warn` is told.
 *
 * @throws CorefileError
 */
export function readCondition(words: Words, vocabulary: Vocabulary, warn: ParseContext['warn']): Expression {
  const expression = readExpression(words, vocabulary);
  const always = constantValue(expression);
  if (always !== undefined) {
    warn(
      words[0].position,
      `the expression is ${always} for every query, so it chooses nothing`,
      'constant-expression',
    );
  }
  if (fits(expression.type, 'boolean')) return expression;
  const problem = `the expression is a ${printType(expression.type)}, expecting one that is true or false`;
  throw new CorefileError(words[0].position, new ExpressionError(1, problem).message);
}

class Parser {
  /** Where errors are, as in the Corefile. */
  private readonly first: Token;
  private readonly lexemes: readonly Lexeme[];
  private readonly vocabulary: Vocabulary;
  private at = 0;
  private depth = 0;

  constructor(words: Words, vocabulary: Vocabulary) {
    this.first = words[0];
    this.lexemes = lexExpression(words.map(({ text }) => text).join(' '));
    this.vocabulary = vocabulary;
  }

  whole(): Expression {
    const expression = this.choice();
    const { kind, text, at } = this.next();
    if (kind !== 'end') throw new ExpressionError(at, `unexpected '${text}' after the expression`);
    return expression;
  }

  /** `CONDITION ? YES : NO`, or an expression of higher precedence. */
  private choice(): Expression {
    if (++this.depth > MAX_DEPTH)
      throw new ExpressionError(this.peek().at, `the expression nests more than ${MAX_DEPTH} deep`);
    const condition = this.binary(0);
    let found = condition;
    if (this.isSymbol('?')) {
      const { at } = this.next();
      const yes = this.choice();
      this.expect(':');
      const no = this.choice();
      if (!fits(condition.type, 'boolean')) throw mismatch('?', at, condition.type);
      if (!fits(yes.type, no.type)) throw mismatch(':', at, yes.type, no.type);
      found = { kind: 'choice', type: yes.type, condition, yes, no };
    }
    this.depth--;
    return found;
  }

  /** Operators with a higher precedence than `least`, from left to right. */
  private binary(least: number): Expression {
    let left = this.unary();
    for (;;) {
      const operator = this.peek();
      const binding = isOperator(operator) ? BINDING[operator.text] : undefined;
      if (binding === undefined || binding <= least) return left;
      this.next();
      left = this.joined(left, operator, binding);
    }
  }

  private joined(left: Expression, operator: Lexeme, binding: number): Expression {
    if (operator.text === 'not') {
      const negated = this.next();
      if (!['in', 'contains', 'startsWith', 'endsWith', 'matches'].includes(negated.text) || negated.kind !== 'word') {
        throw new ExpressionError(negated.at, `'not' stands before 'in', not before '${negated.text}'`);
      }
      return { kind: 'not', type: 'boolean', operand: this.joined(left, negated, binding) };
    }
    const right = this.binary(binding);
    if (operator.text === 'matches') return this.matching(left, operator, right);
    const name = ALIASES[operator.text] ?? (operator.text as BinaryOperator);
    const type = typeOf(name, left.type, right.type);
    if (type === undefined) throw mismatch(operator.text, operator.at, left.type, right.type);
    return { kind: 'binary', type, operator: name, left, right };
  }

  private matching(text: Expression, { at }: Lexeme, right: Expression): Expression {
    if (!fits(text.type, 'string')) throw mismatch('matches', at, text.type);
    if (right.kind !== 'literal' || typeof right.value !== 'string') {
      throw new ExpressionError(at, "'matches' needs a regular expression in quotes after it");
    }
    return { kind: 'matches', type: 'boolean', text, pattern: pattern({ ...this.first, text: right.value }) };
  }

  private unary(): Expression {
    const { kind, text, at } = this.peek();
    const isNot = (kind === 'symbol' && text === '!') || (kind === 'word' && text === 'not');
    if (!isNot && !(kind === 'symbol' && text === '-')) return this.postfix();
    if (++this.depth > MAX_DEPTH) throw new ExpressionError(at, `the expression nests more than ${MAX_DEPTH} deep`);
    this.next();
    const operand = this.binary(isNot ? NOT_BINDING : NEGATIVE_BINDING);
    this.depth--;
    const type = isNot ? 'boolean' : 'number';
    if (!fits(operand.type, type)) throw mismatch(text, at, operand.type);
    return { kind: isNot ? 'not' : 'negative', type, operand };
  }

  /** A value, with items or slices of it in brackets. */
  private postfix(): Expression {
    let found = this.primary();
    while (this.isSymbol('[')) found = this.part(found, this.next());
    return found;
  }

  /** `LIST[INDEX]` or `WHOLE[FROM:TO]`; both ends of a slice are optional, and negative numbers count from the end. */
  private part(whole: Expression, { at }: Lexeme): Expression {
    const { type } = whole;
    const from = this.isSymbol(':') ? undefined : this.number();
    const isSlice = this.isSymbol(':');
    if (typeof type !== 'object' && !(type === 'string' && isSlice)) throw mismatch(isSlice ? '[:]' : '[', at, type);
    if (!isSlice) {
      this.expect(']');
      return { kind: 'item', type: (type as { readonly listOf: Type }).listOf, list: whole, index: from! };
    }
    this.next();
    const to = this.isSymbol(']') ? undefined : this.number();
    this.expect(']');
    return { kind: 'slice', type, whole, ...(from && { from }), ...(to && { to }) };
  }

  private number(): Expression {
    const { at } = this.peek();
    const found = this.choice();
    if (fits(found.type, 'number')) return found;
    throw mismatch('[', at, found.type);
  }

  private primary(): Expression {
    const { kind, text, at } = this.next();
    if (kind === 'number') return { kind: 'literal', type: 'number', value: Number(text) };
    if (kind === 'string') return { kind: 'literal', type: 'string', value: text };
    if (kind === 'word' && (text === 'true' || text === 'false')) {
      return { kind: 'literal', type: 'boolean', value: text === 'true' };
    }
    if (kind === 'word' && !this.isSymbol('(')) return this.variable(text, at);
    if (kind === 'word') return this.call(text, at);
    if (kind === 'symbol' && text === '(') {
      const inner = this.choice();
      this.expect(')');
      return inner;
    }
    if (kind === 'symbol' && text === '[') return this.list(at);
    throw new ExpressionError(at, kind === 'end' ? 'the expression ends too early' : `unexpected '${text}'`);
  }

  private variable(name: string, at: number): Expression {
    const type = this.vocabulary.variables?.get(name);
    if (type === undefined) throw this.unknown(name, at);
    return { kind: 'variable', type, name };
  }

  private call(name: string, at: number): Expression {
    const called = this.vocabulary.functions.get(name);
    if (!called) throw this.unknown(name, at);
    this.expect('(');
    const args = this.items(')');
    const takes = called.takes.map((types) => [types].flat());
    if (args.length !== takes.length || !args.every(({ type }, i) => takes[i]!.some((taken) => fits(type, taken)))) {
      const given = args.map(({ type }) => printType(type)).join(', ');
      const taken = takes.map((types) => types.map(printType).join(' or ')).join(', ');
      throw new ExpressionError(at, `${name}(${taken}) is called with (${given})`);
    }
    return { kind: 'call', type: called.gives, called, args };
  }

  private unknown(name: string, at: number): ExpressionError {
    const { functions, variables } = this.vocabulary;
    const known = [...(variables?.keys() ?? []), ...[...functions.keys()].map((each) => `${each}()`)];
    return new ExpressionError(at, `'${name}' is unknown, ${expectingOneOf(name, known)}`);
  }

  private list(at: number): Expression {
    const items = this.items(']');
    const type = items[0]?.type ?? 'unknown';
    const other = items.find((item) => !fits(item.type, type));
    if (other) throw mismatch('[', at, type, other.type);
    return { kind: 'list', type: { listOf: type }, items };
  }

  private items(end: ')' | ']'): Expression[] {
    const items: Expression[] = [];
    while (!this.isSymbol(end)) {
      if (items.length > 0) this.expect(',');
      items.push(this.choice());
    }
    this.next();
    return items;
  }

  private expect(symbol: string): void {
    const { kind, text, at } = this.next();
    if (kind === 'symbol' && text === symbol) return;
    throw new ExpressionError(at, `expecting '${symbol}'${kind === 'end' ? '' : `, not '${text}'`}`);
  }

  private isSymbol(symbol: string): boolean {
    const { kind, text } = this.peek();
    return kind === 'symbol' && text === symbol;
  }

  private peek(): Lexeme {
    return this.lexemes[this.at]!;
  }

  /** The next lexeme; at the end, always the last one. */
  private next(): Lexeme {
    const lexeme = this.peek();
    if (lexeme.kind !== 'end') this.at++;
    return lexeme;
  }
}

const ALIASES: Readonly<Record<string, BinaryOperator>> = { '||': 'or', '&&': 'and' };

function isOperator({ kind, text }: Lexeme): boolean {
  return (kind === 'symbol' || kind === 'word') && Object.hasOwn(BINDING, text);
}

/** The type of an operator's result; undefined if the operands do not fit. */
function typeOf(operator: BinaryOperator, left: Type, right: Type): Type | undefined {
  const both = (type: Type) => fits(left, type) && fits(right, type);
  switch (operator) {
    case 'or':
    case 'and':
      return both('boolean') ? 'boolean' : undefined;
    case '==':
    case '!=':
      return fits(left, right) ? 'boolean' : undefined;
    case '<':
    case '<=':
    case '>':
    case '>=':
      return both('number') || both('string') ? 'boolean' : undefined;
    case 'in':
      return typeof right === 'object' && fits(left, right.listOf) ? 'boolean' : undefined;
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return both('string') ? 'boolean' : undefined;
    case '+':
      return both('number') ? 'number' : both('string') ? 'string' : undefined;
    default:
      return both('number') ? 'number' : undefined;
  }
}

function mismatch(operator: string, at: number, ...types: readonly Type[]): ExpressionError {
  return new ExpressionError(
    at,
    `'${operator}' cannot have ${types.map((type) => `a ${printType(type)}`).join(' and ')}`,
  );
}
