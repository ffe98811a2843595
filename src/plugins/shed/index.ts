import { type Waiting, Waitlist } from '../../base/waitlist.ts';
import { noArgs, noBlock, once } from '../../corefile/arguments.ts';
import { createEpisode } from '../../observe/episode.ts';
import { isExplained } from '../../plugin/explained.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';

/** The maximum number of queries over UDP that wait for their replies. Clients that get no response ask again. */
export const MAX_WAITING = 1024;

/** A query that waits. */
interface Waiter extends Waiting<Waiter> {
  /** Ends the wait without a reply. */
  drop(): void;
}

/** Drops queries over UDP while too many wait, so that the others are answered in time. */
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
    // The label is CoreDNS's, which can also drop responses.
    const count = dropped.cell(env.block.server, 'query');
    const dropReply = createReply('shed', { drop: true });
    const shedding = createEpisode(env.clock, () => {});
    // The oldest query is the most likely to wait in vain. Dropping it also means that one client cannot keep out all others.
    const waiting = new Waitlist<Waiter>(MAX_WAITING, (oldest) => {
      count.value++;
      shedding('');
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
      status() {
        const figures = { waiting: waiting.size, dropped: count.value };
        if (shedding.present() === undefined)
          return { summary: `Queries that wait for their replies: ${waiting.size}.`, figures };
        const remedy = 'Look for slow upstreams, or for clients that ask too much.';
        return {
          state: 'degraded',
          summary: `Queries were dropped within the last minute, as too many wait. ${remedy}`,
          figures,
        };
      },
      wrap: (next) => (query) => {
        const reply = next(query);
        // Queries over TCP have other limits, and a lookup inside the server belongs to an accepted query.
        const mayWait = query.protocol === 'udp' && query.depth === 0 && !isExplained(query);
        const mustWait = reply instanceof Promise && mayWait;
        return mustWait ? wait(reply) : reply;
      },
    };
  },
});
