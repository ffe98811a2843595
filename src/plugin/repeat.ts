import type { Epoch } from '../base/epoch.ts';
import type { Cell } from '../observe/metrics.ts';
import { countQuery } from './explained.ts';
import type { Query } from './query.ts';
import { alterReply, type Repeat, type Reply } from './reply.ts';

export { Epoch } from '../base/epoch.ts';

/** For a reply that follows from the question and the Corefile alone. */
export const UNCHANGING: Repeat = { epochs: [], untilMs: Number.POSITIVE_INFINITY, again: [] };

/** Counts the reply, and each repetition of it. With the query, one that is asked only to explain it does not count. */
export function counted(reply: Reply, count: Cell, query?: Query): Reply {
  if (query) countQuery(query, count);
  else count.value++;
  return alsoDependingOn(reply, { ...UNCHANGING, again: [count] });
}

/** A reply that may be repeated until one of the epochs moves; `again` counts the repetitions. */
export function repeatUntilMoved(epochs: readonly Epoch[], again: Cell): Repeat {
  return { epochs, untilMs: Number.POSITIVE_INFINITY, again: [again] };
}

/** The reply, if it also depends on the data of a plugin above the one that made it. */
export function alsoDependingOn(reply: Reply, { epochs, untilMs, again }: Repeat): Reply {
  const { repeat } = reply;
  if (!repeat) return reply;
  const { countdown } = repeat;
  return alterReply(reply, {
    repeat: {
      ...repeat,
      epochs: [...repeat.epochs, ...epochs],
      untilMs: Math.min(repeat.untilMs, untilMs),
      countdown: countdown && { ...countdown, untilMs: Math.min(countdown.untilMs, untilMs) },
      again: [...repeat.again, ...again],
    },
  });
}

/** The reply, which may not be repeated. */
export function notRepeatable(reply: Reply): Reply {
  return reply.repeat ? alterReply(reply, { repeat: undefined }) : reply;
}

/** The reply, for this query alone: neither the memo nor a cache may keep it. */
export function forThisQuery(reply: Reply): Reply {
  return reply.uncacheable ? notRepeatable(reply) : alterReply(notRepeatable(reply), { uncacheable: true });
}
