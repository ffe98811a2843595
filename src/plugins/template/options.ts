import {
  argsBetween,
  atLeastArgs,
  exactArgs,
  fallthroughZones,
  integer,
  parseOptions,
  rcode,
  recordClass,
  recordType,
} from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, attempt, CorefileError, throwAll } from '../../corefile/error.ts';
import { type Pattern, pattern } from '../../corefile/pattern.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { Class, Rcode } from '../../dns/message.ts';
import type { Name } from '../../dns/name.ts';
import { QType } from '../../dns/rr.ts';
import type { Expression, QueryFunction, Type, Vocabulary } from '../../expression/expression.ts';
import { FUNCTIONS } from '../../expression/functions.ts';
import { readCondition, readExpression } from '../../expression/parser.ts';
import { blockZones, ignoreUpstream } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';
import { FIELDS } from './data.ts';
import { parseTemplate } from './go/parser.ts';
import { checkFixedRecord, type RecordTemplate } from './record.ts';

/** The functions for expressions of a template: those of the query, and the groups of the match of its name. */
const EXPRESSION_FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ...FUNCTIONS,
  [
    'group',
    { takes: [['number', 'string']], gives: 'string', call: ({ group }, [name]) => group?.(String(name)) ?? '' },
  ],
]);

const SECTIONS = ['answer', 'authority', 'additional'] as const;
export type Section = (typeof SECTIONS)[number];

/** One use of the directive: the queries that it answers, and its templates. */
export interface Stanza extends Readonly<Record<Section, readonly RecordTemplate[]>> {
  readonly zones: readonly Name[];
  /** Undefined for all classes. */
  readonly class: number | undefined;
  /** Undefined for all types. */
  readonly type: number | undefined;
  /** The first pattern that matches the name gives the groups; empty for all names. */
  readonly patterns: readonly Pattern[];
  readonly rcode: number;
  /** RFC 8914. */
  readonly extendedError: { readonly code: number; readonly text: string } | undefined;
  /** In the order of the Corefile. Each may use the variables before it. */
  readonly variables: readonly { readonly name: string; readonly expression: Expression }[];
  /** All must be true. */
  readonly conditions: readonly Expression[];
  /** The zones for whose names the next plugin is asked if no pattern matches, or a condition is not true. */
  readonly fallthrough: readonly Name[];
  readonly position: Position;
}

type Draft = { -readonly [K in keyof Stanza]: Stanza[K] };

/** The form of variable names. */
const VARIABLE = /^[a-z_]\w*$/i;
/** Reserved words of expressions. */
const KEYWORDS = new Set('true false nil and or not in contains startsWith endsWith matches let if else'.split(' '));

/** Reads all uses of `template CLASS TYPE [ZONES…] { … }`. @throws CorefileError, CorefileErrors */
export function parseStanzas(uses: readonly Directive[], block: ParseContext): readonly Stanza[] {
  const errors: CorefileError[] = [];
  const stanzas = uses.flatMap((use) => attempt(errors, () => parseStanza(use, block)) ?? []);
  throwAll(errors);
  return stanzas;
}

function parseStanza(directive: Directive, block: ParseContext): Stanza {
  const [className, type, ...zones] = atLeastArgs(directive, 2);
  const stanza: Draft = {
    class: unlessAny(recordClass(className), Class.ANY),
    type: unlessAny(recordType(type), QType.ANY),
    zones: blockZones(zones, block),
    ...{ patterns: [], answer: [], authority: [], additional: [], fallthrough: [] },
    ...{ variables: [], conditions: [] },
    ...{ rcode: Rcode.NOERROR, extendedError: undefined, position: directive.position },
  };
  parseOptions(directive, optionReaders(stanza, block));
  return stanza;
}

function optionReaders(stanza: Draft, block: ParseContext): Record<string, (line: OptionLine) => void> {
  const vocabulary = { functions: EXPRESSION_FUNCTIONS, variables: new Map<string, Type>() };
  const readRecords = (line: OptionLine) => {
    const section = line.name as Section;
    stanza[section] = [...stanza[section], ...templatesOf(line).map(readRecord)];
  };
  return {
    match(line) {
      stanza.patterns = [...stanza.patterns, ...atLeastArgs(line, 1).map(pattern)];
    },
    ...{ answer: readRecords, authority: readRecords, additional: readRecords },
    rcode(line) {
      stanza.rcode = rcode(exactArgs(line, 1)[0]);
    },
    ederror(line) {
      const [code, text] = argsBetween(line, 1, 2);
      stanza.extendedError = { code: integer(code, { min: 0, max: 65_535 }, 'extended error'), text: text?.text ?? '' };
    },
    fallthrough(line) {
      stanza.fallthrough = fallthroughZones(line);
    },
    var(line) {
      const [token, ...words] = atLeastArgs(line, 2);
      const name = readVariable(token, vocabulary);
      const expression = readExpression(words as [Token, ...Token[]], vocabulary);
      vocabulary.variables.set(name, expression.type);
      stanza.variables = [...stanza.variables, { name, expression }];
    },
    expr(line) {
      stanza.conditions = [...stanza.conditions, readCondition(atLeastArgs(line, 1), vocabulary, block.warn)];
    },
    ...ignoreUpstream(block),
  };
}

function readVariable({ text, position }: Token, { functions, variables }: Vocabulary): string {
  if (!VARIABLE.test(text)) throw new CorefileError(position, `invalid variable name '${text}'`);
  if (functions.has(text) || KEYWORDS.has(text) || variables?.has(text)) {
    throw new CorefileError(position, `variable name '${text}' is taken`);
  }
  return text;
}

/** Each quoted argument is a template; words without quotes form one template together. */
function templatesOf(line: OptionLine): readonly Token[] {
  const [first, ...rest] = atLeastArgs(line, 1);
  if ([first, ...rest].every(({ kind }) => kind === 'quoted')) return [first, ...rest];
  return [{ ...first, text: line.args.map(({ text }) => text).join(' ') }];
}

function readRecord(token: Token): RecordTemplate {
  const { text, position } = token;
  try {
    const template = { source: text, list: atToken(token, () => parseTemplate(text, FIELDS)) };
    atToken(token, () => checkFixedRecord(template));
    return template;
  } catch (thrown) {
    if (!(thrown instanceof CorefileError)) throw thrown;
    throw new CorefileError(position, `could not compile template: ${text} - ${thrown.detail}`);
  }
}

/** The code; undefined for the one that means all. */
function unlessAny(code: number, any: number): number | undefined {
  return code === any ? undefined : code;
}
