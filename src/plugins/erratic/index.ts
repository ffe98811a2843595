import { CairnError } from '../../base/errors.ts';
import { Class, Rcode } from '../../dns/message.ts';
import { ROOT } from '../../dns/name.ts';
import { A, AAAA, type ResourceRecord, rr } from '../../dns/rr.ts';
import { isExplained } from '../../plugin/explained.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import { type ErraticOptions, parseErratic } from './options.ts';

/** Answers wrongly on purpose, to test how clients cope. */
export default definePlugin<ErraticOptions>({
  name: 'erratic',
  dependsOn: 'marked',

  parse: parseErratic,

  ends: () => ({ zones: [ROOT] }),

  create(options, { clock }) {
    let queries = 0;
    const isTurn = (amount: number) => amount > 0 && queries % amount === 0;
    return {
      wrap: () => (query) => {
        // To explain what a client gets takes no turn.
        if (!isExplained(query)) queries++;
        const reply = answer(query);
        if (isTurn(options.drop)) return { ...reply, drop: true };
        const said = isTurn(options.truncate) ? { ...reply, tc: true } : reply;
        if (!isTurn(options.delay)) return said;
        return new Promise((resolve) => clock.after(options.delayMs, () => resolve(said)));
      },
    };
  },
});

function answer({ question, type, class: queryClass }: Query): Reply {
  const records = queryClass === Class.IN ? recordsOf(type, question.name) : undefined;
  if (records) return createReply('erratic', { aa: true, answer: records, uncacheable: true });
  const error = new CairnError('ERRATIC', 'this plugin answers A and AAAA queries only');
  return { ...failure('erratic', Rcode.SERVFAIL, error), uncacheable: true };
}

/** Addresses for documentation (RFC 5737, RFC 3849). */
function recordsOf(type: number, owner: string): readonly ResourceRecord[] | undefined {
  if (type === A.code) return [rr(A, owner, 0, { address: '192.0.2.53' })];
  if (type === AAAA.code) return [rr(AAAA, owner, 0, { address: '2001:db8::53' })];
  return undefined;
}
