import { noBlock, recordClass, recordType } from '../../corefile/arguments.ts';
import type { Directive, Line } from '../../corefile/ast.ts';
import { attempt, CorefileError, throwAll } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { withQuestion } from '../../plugin/query.ts';
import { Arguments } from './arguments.ts';
import { parseEdns0Rule } from './edns0-rule.ts';
import { parseNameRule } from './name-rule.ts';
import { parseCnameRule, parseRcodeRule, parseTtlRule } from './reply-rules.ts';
import type { Rewrite, Rule } from './rule.ts';

/** The rules of a server block, in the order of the Corefile. @throws CorefileError, CorefileErrors */
export function parseRules(uses: readonly Directive[]): readonly Rule[] {
  const errors: CorefileError[] = [];
  const rules = uses.flatMap((use) => attempt(errors, () => parseRule(use)) ?? []);
  throwAll(errors);
  return rules;
}

const FIELDS = ['name', 'type', 'class', 'edns0', 'ttl', 'cname', 'rcode'] as const;

function parseRule(directive: Directive): Rule {
  const args = new Arguments(wordsOf(directive), directive.position);
  const continues = args.skip('continue');
  if (!continues) args.skip('stop');
  const first = args.peek();
  if (first?.text === 'answer') {
    throw new CorefileError(first.position, 'response rewrites must begin with a name rule');
  }
  const field = args.oneOf(FIELDS, 'rule type');
  const rule = field === 'edns0' ? parseEdns0Rule(args) : { rewrite: PARSERS[field](args), tailored: false };
  args.end();
  return { ...rule, continues };
}

const PARSERS: Record<Exclude<(typeof FIELDS)[number], 'edns0'>, (args: Arguments) => Rewrite> = {
  name: parseNameRule,
  type: parseTypeRule,
  class: parseClassRule,
  ttl: parseTtlRule,
  cname: parseCnameRule,
  rcode: parseRcodeRule,
};

/** The words of a rule: those on its line and, if there is at most one, those of its option block. */
function wordsOf(directive: Directive): readonly Token[] {
  if (directive.args.length > 1) noBlock(directive);
  return [...directive.args, ...directive.options.flatMap((line) => [nameToken(line), ...line.args])];
}

function nameToken({ name, position }: Line): Token {
  return { kind: 'word', text: name, position, startsLine: true };
}

function parseTypeRule(args: Arguments): Rewrite {
  const from = recordType(args.next('the type to match'));
  const type = recordType(args.next('the type to write'));
  return (query) => (query.type === from ? { query: withQuestion(query, { ...query.question, type }) } : undefined);
}

function parseClassRule(args: Arguments): Rewrite {
  const from = recordClass(args.next('the class to match'));
  const to = recordClass(args.next('the class to write'));
  return (query) =>
    query.class === from ? { query: withQuestion(query, { ...query.question, class: to }) } : undefined;
}
