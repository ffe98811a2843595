import { noArgs, noBlock, once } from '../../corefile/arguments.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';

/** So many queries over UDP may wait for their replies; clients ask again when there is no reply. */
export const MAX_WAITING = 1024;

/** Drops queries over UDP while too many wait, so that those that are answered are answered in time. */
export default definePlugin({
  name: 'shed',

  parse(uses) {
    const directive = once(uses);
    noArgs(directive);
    noBlock(directive);
  },

  create(_, env) {
    const dropped = env.metrics.counter(
      'coredns_shed_dropped_total',
      'Queries dropped because too many waited for their replies.',
      ['server', 'reason'],
    );
    // The reason is CoreDNS's, where replies can be dropped, too.
    const count = dropped.cell(env.block.server, 'query');
    const drop = createReply('shed', { drop: true });
    let waiting = 0;
    const settled = () => void waiting--;
    return {
      wrap: (next) => (query) => {
        // Queries over TCP have bounds of their own, and look-ups inside the server belong to one that was let in.
        if (query.protocol !== 'udp' || query.depth > 0) return next(query);
        if (waiting >= MAX_WAITING) {
          count.value++;
          return drop;
        }
        const reply: Reply | Promise<Reply> = next(query);
        if (reply instanceof Promise) {
          waiting++;
          reply.then(settled, settled);
        }
        return reply;
      },
    };
  },
});
