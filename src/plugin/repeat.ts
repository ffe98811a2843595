import type { Epoch } from '../base/epoch.ts';
import type { Cell } from '../observe/metrics.ts';
import { alterReply, type Reply } from './reply.ts';

export { Epoch } from '../base/epoch.ts';

/**
 * Says that a reply may be given again to the same question, as it is, without asking the plugins.
 *
 * The question includes DO, RD, AD and CD, but not the client. A reply that depends on the client or on chance has no such mark, and a plugin that
 * changes replies in such a way takes the mark off.
 */
export interface Repeat {
  /** The reply holds as long as none of these moves. */
  readonly epochs: readonly Epoch[];
  /** The reply holds until this time on the clock's monotonic scale. */
  readonly untilMs: number;
  /** The counters that each repetition moves by one, perhaps a moment later. */
  readonly again: readonly Cell[];
  /** Whether each repetition gives the addresses of the answer in another random order. */
  readonly shuffled?: boolean;
  /** Whether all names that end as the qname does get the letter case of the client's question. */
  readonly caseAsAsked?: boolean;
}

/** For a reply that follows from the question and the Corefile alone. */
export const UNCHANGING: Repeat = { epochs: [], untilMs: Number.POSITIVE_INFINITY, again: [] };

/** Counts the reply, and each repetition of it. */
export function counted(reply: Reply, count: Cell): Reply {
  count.value++;
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
  return alterReply(reply, {
    repeat: {
      ...repeat,
      epochs: [...repeat.epochs, ...epochs],
      untilMs: Math.min(repeat.untilMs, untilMs),
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
