import { CairnError } from '../../base/errors.ts';
import { Rcode } from '../../dns/message.ts';
import { NameError } from '../../dns/name.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import { parseRules } from './options.ts';
import type { Rewritten, Rule, RuleWorld } from './rule.ts';

type ReplyChange = NonNullable<Rewritten['reply']>;

/** Changes queries before the plugins below see them, and their replies. The client sees its own question. */
export default definePlugin<readonly Rule[]>({
  name: 'rewrite',
  dependsOn: 'marked',
  renames: true,

  parse: parseRules,

  // The data that `edns0 local set CODE DATA` tells upstreams, such as an identity. A rule may go on in a block.
  secrets(option, args) {
    const words = option === undefined ? args : [option, ...args];
    const action = words.findIndex((word, i) => (i === 0 || words[i - 1] === 'local') && isWriting(word));
    const data = words[action + 2];
    if (action === -1 || data === undefined || data.startsWith('{')) return [];
    return [action + 2 - (words.length - args.length)];
  },

  create: (rules, env) => ({
    wrap: (next) => (asked) => {
      const applied = applyRules(rules, asked, env);
      if ('error' in applied) return failure('rewrite', Rcode.SERVFAIL, applied.error);
      return changeReply(next(applied.query), applied.changes);
    },
  }),
});

const isWriting = (word: string) => ['set', 'append', 'replace'].includes(word);

/** A query after the rules, and their changes to the reply, those of the last rule first. */
interface Applied {
  readonly query: Query;
  readonly changes: readonly ReplyChange[];
}

/** Applies the rules up to the first one that matches and stops; an error if a new name is not valid. */
function applyRules(rules: readonly Rule[], asked: Query, world: RuleWorld): Applied | { readonly error: Error } {
  const changes: ReplyChange[] = [];
  let query = asked;
  try {
    for (const { rewrite, continues, tailored } of rules) {
      if (tailored && changes.at(-1) !== notRepeatable) changes.push(notRepeatable);
      const rewritten = rewrite(query, world);
      if (!rewritten) continue;
      query = rewritten.query;
      if (rewritten.reply) changes.unshift(rewritten.reply);
      if (!continues) break;
    }
  } catch (thrown) {
    if (!(thrown instanceof NameError)) throw thrown;
    return { error: new CairnError('REWRITE', `invalid name after rewrite: ${thrown.message}`) };
  }
  return { query, changes };
}

/** Applies the changes one after the other, synchronously if possible. */
function changeReply(reply: Reply | Promise<Reply>, changes: readonly ReplyChange[]): Reply | Promise<Reply> {
  let changed = reply;
  for (const change of changes) changed = changed instanceof Promise ? changed.then(change) : change(changed);
  return changed;
}
