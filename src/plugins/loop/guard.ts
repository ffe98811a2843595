import type { Message } from '../../dns/message.ts';
import { joinName, type Name } from '../../dns/name.ts';
import { HINFO } from '../../dns/rr.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Query } from '../../plugin/query.ts';

/** A probe that comes in more often than this goes round in circles; an upstream may well ask twice. */
const MAX_SIGHTINGS = 2;

/** How long to wait for the next probe: at first while nothing is known, at first after a loop, and at most. */
const FIRST_RETRY_MS = 1000;
const FIRST_RECHECK_MS = 30_000;
const MAX_DELAY_MS = 5 * 60_000;

interface LoopGuardOptions {
  readonly zone: Name;
  readonly clock: Clock;
  readonly random: () => number;
  /** Asks this server for the HINFO records of a name; false where nothing that tells came back. */
  send(name: Name): Promise<boolean>;
  /** Told at the probe that shows a loop, every time it does. */
  detected(probe: Query): void;
  /** Told when a probe comes to an end after there was a loop. */
  healed(): void;
}

/** Finds out, by probes with names that nobody else asks for, whether queries that leave the chain come back to it. */
interface LoopGuard {
  /** Whether a query may go on: a probe while it is young, any other while no loop is known. */
  admit(query: Query): boolean;
  /** Takes note of a query that was answered, be it by a plugin before this one. */
  answered(query: Query): void;
  /** Sends a probe, joining one that is under way, and others later until it is clear that there is no loop. */
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

  function isProbe({ name, type, depth }: Query): boolean {
    return type === HINFO.code && name === probeName && depth === 0;
  }

  /** Whether the probe has not come in too often yet. */
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
    // A name of its own for every probe: a late echo of an earlier one says nothing about this one.
    probeName = joinName([label(), label()], zone);
    sightings.clear();
    const told = await send(probeName);
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
    // A cache lets equal queries wait for one answer, so a probe that comes back may never get as far as admit.
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
