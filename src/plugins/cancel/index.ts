import { CairnError } from '../../base/errors.ts';
import { atMostArgs, durationMs, lastUse, noBlock } from '../../corefile/arguments.ts';
import { Rcode } from '../../dns/message.ts';
import type { Clock } from '../../observe/clock.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { failure, type Reply } from '../../plugin/reply.ts';

/** Slightly more than the five seconds after which clients ask again. */
const DEFAULT_MS = 5001;

/** Limits the time of a query; then the client gets SERVFAIL. */
export default definePlugin<number>({
  name: 'cancel',
  dependsOn: 'marked',

  parse(uses) {
    const directive = lastUse(uses);
    noBlock(directive);
    const [duration] = atMostArgs(directive, 1);
    return duration ? durationMs(duration, { minMs: 1 }) : DEFAULT_MS;
  },

  create: (limitMs, { clock }) => ({
    wrap: (next) => (query) => {
      const reply = next(query);
      return reply instanceof Promise ? within(limitMs, reply, clock) : reply;
    },
  }),
});

async function within(limitMs: number, reply: Promise<Reply>, clock: Clock): Promise<Reply> {
  const late = Promise.withResolvers<Reply>();
  const error = () => new CairnError('CANCEL', `the query was canceled: no reply within ${limitMs} ms`);
  const timer = clock.after(limitMs, () => late.resolve(failure('cancel', Rcode.SERVFAIL, error())));
  try {
    return await Promise.race([reply, late.promise]);
  } finally {
    timer.cancel();
  }
}
