import { CorefileError } from '../../corefile/error.ts';
import { foldName, isAtOrBelow, type Name } from '../../dns/name.ts';
import { withQuestion } from '../../plugin/query.ts';
import { alterReply, mapReply, type Reply } from '../../plugin/reply.ts';
import { type AnswerNames, renameRecords } from './answer-names.ts';
import type { Arguments } from './arguments.ts';
import { NAME_MATCHES, type NameRewrite, nameRewrite, readFromTo, regexRewrite } from './name-match.ts';
import type { Rewrite } from './rule.ts';

/** Gives the changes to a reply's records, if the question has `from` and the lookup was for `to`. */
type Revert = (from: Name, to: Name) => AnswerNames;

/** Reads `[exact|prefix|suffix|substring|regex] FROM TO [answer auto|name|value …] [[answer] auto|name|value …]…`. */
export function parseNameRule(args: Arguments): Rewrite {
  // Two words are always names.
  const kind = args.left > 2 ? args.oneOf(NAME_MATCHES, 'kind of name rule') : 'exact';
  const { from, to } = readFromTo(args);
  const rename = nameRewrite(kind, { from, to });
  const auto = kind === 'suffix' ? always(nameRewrite('suffix', { from: to, to: from })) : wholeName;
  const explicit = parseAnswerRules(args, auto);
  const reverts = explicit.length > 0 ? explicit : [kind === 'exact' ? auto : ownerOnly];
  return (query) => {
    const name = rename(query.name);
    if (name === undefined) return undefined;
    const asked = query.question.name;
    const names = reverts.map((revert) => revert(asked, foldName(name)));
    return {
      query: withQuestion(query, { ...query.question, name }),
      reply: (reply) => renameByAll(forgetCase(reply), names),
    };
  };
}

/** The name of the lookup, and all names below it, become the name of the question, in owners and values. */
const wholeName: Revert = (from, to) => {
  const back = (name: Name) => (isAtOrBelow(name, to) ? name.slice(0, name.length - to.length) + from : undefined);
  return { owner: back, value: back };
};

/** Records of the name of the lookup get the name of the question as owner: resolvers accept no other. */
const ownerOnly: Revert = (from, to) => ({ owner: (name) => (name === to ? from : undefined) });

/** Rewrites owners and values, for any question. */
function always(rename: NameRewrite): Revert {
  return () => ({ owner: rename, value: rename });
}

function parseAnswerRules(args: Arguments, auto: Revert): Revert[] {
  const reverts: Revert[] = [];
  let named = false;
  for (let word = args.peek(); word; word = args.peek()) {
    // Only the first rule needs the word `answer`.
    if (reverts.length === 0) args.oneOf(['answer'], 'word after a name rule');
    else args.skip('answer');
    const kind = readAnswerKind(args);
    reverts.push(kind === 'auto' ? auto : explicitRevert(kind, parseAnswerRewrite(args)));
    named ||= kind === 'name';
    if (named && reverts.includes(auto)) {
      const detail = 'auto name answer rule cannot be combined with explicit name answer rules';
      throw new CorefileError(word.position, detail);
    }
  }
  return reverts;
}

/** Reads `auto`, `name` or `value`; CoreDNS's page writes `name auto` for `auto`. */
function readAnswerKind(args: Arguments): 'auto' | 'name' | 'value' {
  const kind = args.oneOf(['auto', 'name', 'value'], 'kind of answer rule');
  const behind = args.peek(1)?.text;
  if (args.peek()?.text !== 'auto' || (behind !== undefined && behind !== 'answer')) return kind;
  return args.skip('auto') ? 'auto' : kind;
}

function parseAnswerRewrite(args: Arguments): NameRewrite {
  return regexRewrite({ from: args.next('the regular expression to match'), to: args.next('the name to write') });
}

function explicitRevert(kind: 'name' | 'value', rename: NameRewrite): Revert {
  return () => (kind === 'name' ? { owner: rename } : { value: rename });
}

function renameByAll(reply: Reply, names: readonly AnswerNames[]): Reply | Promise<Reply> {
  let renamed: Reply | Promise<Reply> = reply;
  for (const each of names) renamed = mapReply(renamed, (now) => renameRecords(now, each));
  return renamed;
}

/** The names of the reply no longer end as the question does, so they cannot follow its case. */
function forgetCase(reply: Reply): Reply {
  if (!reply.repeat?.caseAsAsked) return reply;
  const { caseAsAsked: _, ...repeat } = reply.repeat;
  return alterReply(reply, { repeat });
}
