import type { Epoch } from '../base/epoch.ts';
import type { Cell } from '../observe/metrics.ts';
import { alterReply, type Reply } from './reply.ts';

export { Epoch } from '../base/epoch.ts';

/**
 * Says that a reply may be given again to the same question, as it is, without asking the plugins.
 *
 * The question includes DO, RD, AD and CD, but not the client: a reply that depends on who asks, or on chance, has no
 * such mark, and a plugin that changes replies in such a way takes the mark off.
 */
export interface Repeat {
  /** As long as none of these moves. */
  readonly epochs: readonly Epoch[];
  /** And before this time on the clock's monotonic scale. */
  readonly untilMs: number;
  /** The counters that each repetition moves by one, soon if not at once. */
  readonly again: readonly Cell[];
  /** Whether each repetition gives the addresses of the answer in another random order. */
  readonly shuffled?: boolean;
  /** Whether all names that end as the qname does are spelled as the client spells it. */
  readonly spelledAsAsked?: boolean;
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

/** The reply, which depends on what a plugin above the one that made it found, too. */
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

/** The reply without leave to repeat it. */
export function notRepeatable(reply: Reply): Reply {
  return reply.repeat ? alterReply(reply, { repeat: undefined }) : reply;
}

/** The reply, for this query alone: neither the memo nor a cache may keep it. */
export function forThisQuery(reply: Reply): Reply {
  return reply.uncacheable ? notRepeatable(reply) : alterReply(notRepeatable(reply), { uncacheable: true });
}
