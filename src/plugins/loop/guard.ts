import type { Message } from '../../dns/message.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { HINFO } from '../../dns/rr.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import { isExplained } from '../../plugin/explained.ts';
import type { Query } from '../../plugin/query.ts';

/** A probe that comes in more often than this is in a loop. An upstream may ask twice. */
const MAX_SIGHTINGS = 2;

/** The time until the next probe: first while nothing is known, first after a loop, and the maximum. */
const FIRST_RETRY_MS = 1000;
const FIRST_RECHECK_MS = 30_000;
const MAX_DELAY_MS = 5 * 60_000;

interface LoopGuardOptions {
  readonly zone: Name;
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks this server for the HINFO records of a name; false if the response does not tell whether there is a loop. */
  send(name: Name): Promise<boolean>;
  /** Called at each probe that shows a loop. */
  detected(probe: Query): void;
  /** Called when a probe shows that a loop has ended. */
  healed(): void;
}

/** Finds out whether queries that are forwarded come back, by probes with names that no client asks for. */
interface LoopGuard {
  /** Whether a query may go on: a probe until it has come in too often, any other query while no loop is known. */
  admit(query: Query): boolean;
  /** Notes a query that was answered, possibly by a plugin before this one. */
  answered(query: Query): void;
  /** Sends a probe, or joins one under way. More probes follow until it is clear that there is no loop. */
  check(): Promise<void>;
  stop(): void;
}

export function createLoopGuard({ zone, clock, random, send, detected, healed }: LoopGuardOptions): LoopGuard {
  let probeName: Name | undefined;
  /** The messages that brought the probe. */
  const sightings = new Set<Message>();
  let looping = false;
  let delayMs = FIRST_RETRY_MS;
  let underWay: Promise<void> | undefined;
  let timer: Timer | undefined;
  let stopped = false;

  function admit(query: Query): boolean {
    return isProbe(query) ? sight(query) : !looping;
  }

  function isProbe(query: Query): boolean {
    const { name, type, depth } = query;
    return type === HINFO.code && name === probeName && depth === 0 && !isExplained(query);
  }

  /** Counts a probe that came in; false if it came in too often. */
  function sight(query: Query): boolean {
    if (sightings.size <= MAX_SIGHTINGS && sightings.add(query.message).size > MAX_SIGHTINGS) {
      if (!looping) delayMs = FIRST_RECHECK_MS;
      looping = true;
      detected(query);
    }
    return sightings.size <= MAX_SIGHTINGS;
  }

  async function probe(): Promise<void> {
    const label = () => String(Math.floor(random() * Number.MAX_SAFE_INTEGER));
    // Each probe has a new name, so that an earlier probe that comes back late is not counted.
    probeName = joinName([label(), label()], zone);
    sightings.clear();
    const told = await send(probeName);
    // By now the upstreams and the log know the name: from here on, anybody may ask for it.
    probeName = undefined;
    if (stopped) return;
    if (told && sightings.size <= MAX_SIGHTINGS) {
      if (looping) healed();
      looping = false;
    } else {
      timer = clock.after(delayMs, check);
      delayMs = Math.min(2 * delayMs, MAX_DELAY_MS);
    }
  }

  function check(): Promise<void> {
    underWay ??= probe().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  return {
    admit,
    // A cache lets equal queries wait for one reply, so a probe that comes back may never reach `admit`.
    answered(query) {
      if (isProbe(query)) sight(query);
    },
    check,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
