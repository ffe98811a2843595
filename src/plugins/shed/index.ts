import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { noArgs, noBlock, once } from '../../corefile/arguments.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';

/** So many queries over UDP may wait for their replies; clients ask again when there is no reply. */
export const MAX_WAITING = 1024;

/** A query that waits. */
interface Waiter extends Waiting<Waiter> {
  /** Ends the wait without a reply. */
  drop(): void;
}

/** Drops queries over UDP while too many wait, so that those that are answered are answered in time. */
export default definePlugin({
  name: 'shed',
  dependsOn: 'marked',

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
    const dropReply = createReply('shed', { drop: true });
    // Of those that wait, the oldest are the likeliest to wait in vain; so one client's cannot keep all others out.
    const waiting = new Waitlist<Waiter>(MAX_WAITING, (oldest) => {
      count.value++;
      oldest.drop();
    });
    const wait = (reply: Promise<Reply>): Promise<Reply> =>
      new Promise((resolve, reject) => {
        const waiter: Waiter = { drop: () => resolve(dropReply), older: undefined, newer: undefined };
        waiting.add(waiter);
        const leave =
          <T>(settle: (value: T) => void) =>
          (value: T) => {
            waiting.delete(waiter);
            settle(value);
          };
        reply.then(leave(resolve), leave(reject));
      });
    return {
      wrap: (next) => (query) => {
        const reply = next(query);
        // Queries over TCP have bounds of their own, and lookups inside the server belong to one that was let in.
        const mustWait = reply instanceof Promise && query.protocol === 'udp' && query.depth === 0;
        return mustWait ? wait(reply) : reply;
      },
    };
  },
});
