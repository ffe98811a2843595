import { type Waiting, Waitlist } from '../../waitlist.ts';

/**
 * How many queries may be on their way to upstreams at once, in the whole process, however many stanzas there are. Each takes some
 * kilobytes; for one more, the one that has waited longest is refused.
 */
export const MAX_FORWARDED = 8192;

/** A query on its way. */
export interface InFlight extends Waiting<InFlight> {
  /** Gives it up for a newer one. */
  giveWay(): void;
}

/** All that are on their way. */
export const inFlight = new Waitlist<InFlight>(MAX_FORWARDED, (query) => query.giveWay());
