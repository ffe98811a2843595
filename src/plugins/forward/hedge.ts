import { argsBetween, durationMs, exactArgs, integer } from '../../corefile/arguments.ts';
import type { OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Cell } from '../../observe/metrics.ts';
import { QUEUES } from './in-flight.ts';

/** When more than one upstream is asked at the same time. */
export type Hedge =
  /** At once, so many. */
  | { readonly kind: 'race'; readonly upstreams: number }
  /** A second one, when the first is silent for longer than `afterMs`, or than usual; for at most this share of the queries. */
  | { readonly kind: 'hedge'; readonly afterMs: number | undefined; readonly share: number };

/** The wait for an upstream of which too little is known. */
export const UNKNOWN_WAIT_MS = 100;
/** Limits the estimate: clients that ask for names whose servers are slow must not make it long for all. */
const MAX_WAIT_MS = 500;
/** Timers count whole milliseconds. One that ends too early would ask a second upstream for most queries. */
const TIMER_MS = 1;
const DEFAULT_SHARE = 0.1;
/** How many second queries a client can save up while it needs few. */
const MAX_SAVED = 10;
/**
 * How many exchanges there may be in the process beyond one for each query in flight: those of second upstreams, and those that go on after another
 * upstream has responded. Beyond that, queries are sent to one upstream.
 */
export const MAX_EXTRA = 1024;
/** How many of them the clients of one queue may have, so that names whose servers are silent do not use up what others need. */
export const MAX_EXTRA_OF_CLIENT = 128;

/** Reads `race N`. */
export function parseRace(line: OptionLine, maxUpstreams: number): Hedge {
  const upstreams = integer(exactArgs(line, 1)[0], { min: 2, max: maxUpstreams }, 'number of upstreams');
  return { kind: 'race', upstreams };
}

/** Reads `hedge [DURATION] [PERCENTAGE%]`. */
export function parseHedge(line: OptionLine): Hedge {
  const [first, second] = argsBetween(line, 0, 2);
  const isShare = first?.text.endsWith('%') && !second;
  const share = isShare ? first : second;
  const after = isShare ? undefined : first;
  return {
    kind: 'hedge',
    afterMs: after && durationMs(after, { minMs: 1 }),
    share: share ? parseShare(share) : DEFAULT_SHARE,
  };
}

function parseShare(token: Token): number {
  if (!token.text.endsWith('%')) {
    throw new CorefileError(token.position, `'${token.text}' is not a percentage such as 10%`);
  }
  const text = token.text.slice(0, -1);
  return integer({ ...token, text }, { min: 1, max: 100 }, 'percentage') / 100;
}

/** Counts exchanges of the whole process beyond one for each query, and those of each client. */
class ExtraExchanges {
  count = 0;
  private readonly ofClients = new Uint16Array(QUEUES);

  /** Counts another exchange for a client; false if that is too many. */
  add(queue: number): boolean {
    if (this.count >= MAX_EXTRA || this.ofClients[queue]! >= MAX_EXTRA_OF_CLIENT) return false;
    this.count++;
    this.ofClients[queue]!++;
    return true;
  }

  delete(queue: number): void {
    this.count--;
    this.ofClients[queue]!--;
  }
}

export const extras = new ExtraExchanges();

/** The hedging of one stanza at work: it decides when and whether a query may have another exchange. */
export class Hedging {
  readonly hedge: Hedge;
  readonly clock: Clock;
  /** Counts queries that did not get another exchange at once, or at all. */
  readonly withheld: Cell;
  /** How many second queries may be sent now for the clients of each queue: what slow names of one client use up, others do not lack. */
  private readonly saved: Float64Array;

  constructor(hedge: Hedge, clock: Clock, withheld: Cell) {
    this.hedge = hedge;
    this.clock = clock;
    this.withheld = withheld;
    this.saved = new Float64Array(hedge.kind === 'hedge' ? QUEUES : 0);
  }

  /** Counts a query of a client, which earns its share of a second one. */
  earn(queue: number): void {
    const { hedge, saved } = this;
    if (hedge.kind === 'hedge') saved[queue] = Math.min(MAX_SAVED, saved[queue]! + hedge.share);
  }

  /** How long the first upstream may be silent, if its responses usually come within `p95Ms`. */
  waitMs(p95Ms: number | undefined): number {
    const { hedge } = this;
    if (hedge.kind === 'race') return 0;
    if (hedge.afterMs !== undefined) return hedge.afterMs;
    return p95Ms === undefined ? UNKNOWN_WAIT_MS : Math.min(MAX_WAIT_MS, Math.ceil(p95Ms) + TIMER_MS);
  }

  /** Whether another exchange may begin for a client; if so, it counts as an extra one until {@link giveBack}. */
  take(queue: number): boolean {
    const { hedge, saved } = this;
    // Sums of shares such as 0.1 are a little off.
    const isEarned = hedge.kind === 'race' || saved[queue]! > 1 - 1e-9;
    if (!isEarned || !extras.add(queue)) return false;
    if (hedge.kind === 'hedge') saved[queue]!--;
    return true;
  }

  giveBack(queue: number): void {
    extras.delete(queue);
  }
}
