import { type MessageFlags, Rcode } from '../dns/message.ts';
import { SRV } from '../dns/rr.ts';
import { decodeFlags, HEADER_OCTETS } from '../dns/wire/decode.ts';
import { CairnError } from '../errors.ts';
import type { Epoch, Repeat } from '../plugin/repeat.ts';
import type { Reply } from '../plugin/reply.ts';
import { Door } from './memo-door.ts';
import type { Scan } from './memo-key.ts';
import { type AddressRun, findAddressRuns, shuffleRun } from './memo-shuffle.ts';
import type { Route } from './router.ts';

/** The environment variable that, set to `off`, has every reply made anew: for measuring and for hunting a difference. */
export const MEMO_VARIABLE = 'CAIRN_MEMO';
/** Replies that are kept for one listener. */
export const MAX_MEMO_ENTRIES = 16_384;
/** The octets of all of them together. */
export const MAX_MEMO_OCTETS = 8 * 1024 * 1024;
/** Longer replies are made anew each time. */
const MAX_REPLY_OCTETS = 4096;

/** A whole reply that can be given again. */
export interface MemoEntry {
  readonly bytes: Buffer;
  readonly reply: Reply;
  readonly repeat: Repeat;
  readonly route: Route;
  readonly flags: MessageFlags;
  /** The epochs' values when the reply was made. */
  readonly values: readonly number[];
  /** Addresses that change their order with each repetition. */
  readonly runs: readonly AddressRun[];
  /** Whether another spelling of the qname leaves all other octets as they are. */
  readonly anySpelling: boolean;
  /** Set when it is used, taken off when it could have been evicted. */
  used: boolean;
}

/**
 * Whole replies by question, to be given again without asking the plugins, for as long as nothing that they were made from
 * has changed.
 *
 * A question gets an entry when it comes the second time, so a flood of random names finds the door closed.
 */
export class Memo {
  private readonly entries = new Map<string, MemoEntry>();
  private readonly door = new Door();
  private octets = 0;
  private readonly isOn = isWanted();
  hits = 0;

  get size(): number {
    return this.entries.size;
  }

  get totalOctets(): number {
    return this.octets;
  }

  /** The entry for a question, if what it says still holds. */
  get({ key, hasCapitals }: Scan, nowMs: number): MemoEntry | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (nowMs >= entry.repeat.untilMs || hasMoved(entry.repeat.epochs, entry.values)) {
      this.delete(key, entry);
      return undefined;
    }
    if (hasCapitals && !entry.anySpelling) return undefined;
    entry.used = true;
    return entry;
  }

  /** Whether a question has been asked lately, and so is worth an entry; from now on it has. */
  isWorth({ hash }: Scan): boolean {
    if (!this.isOn) return false;
    return this.door.knows(hash);
  }

  /** Keeps a reply under the key of its question, if it can be given again. */
  set(key: string, bytes: Buffer, reply: Reply, route: Route, hasEdns: boolean): void {
    const entry = createEntry(bytes, reply, route, hasEdns);
    if (!entry) return;
    const old = this.entries.get(key);
    if (old) this.delete(key, old);
    while (this.entries.size >= MAX_MEMO_ENTRIES || this.octets + bytes.length > MAX_MEMO_OCTETS) this.evict();
    this.entries.set(key, entry);
    this.octets += bytes.length;
  }

  private delete(key: string, entry: MemoEntry): void {
    this.entries.delete(key);
    this.octets -= entry.bytes.length;
  }

  /** Takes out the oldest entry that was not used since it last could have been taken out. */
  private evict(): void {
    for (const [key, entry] of this.entries) {
      this.entries.delete(key);
      if (!entry.used) {
        this.octets -= entry.bytes.length;
        return;
      }
      entry.used = false;
      this.entries.set(key, entry);
    }
  }
}

/** @throws CairnError for a value that says neither yes nor no. */
function isWanted(): boolean {
  const wanted = process.env[MEMO_VARIABLE] || 'on';
  if (wanted === 'on' || wanted === 'off') return wanted === 'on';
  throw new CairnError('MEMO', `${MEMO_VARIABLE} must be "on" or "off", not "${wanted}"`);
}

function hasMoved(epochs: readonly Epoch[], values: readonly number[]): boolean {
  for (let i = 0; i < epochs.length; i++) if (epochs[i]!.value !== values[i]) return true;
  return false;
}

/** The reply to a query that the entry answers: its octets with the query's id, spelling and an order of its own. */
export function repeatReply(
  entry: MemoEntry,
  query: Uint8Array,
  { nameEnd, hasCapitals }: Scan,
  random: () => number,
): Buffer {
  const bytes = Buffer.allocUnsafe(entry.bytes.length);
  bytes.set(entry.bytes);
  bytes[0] = query[0]!;
  bytes[1] = query[1]!;
  if (hasCapitals) for (let i = HEADER_OCTETS; i < nameEnd; i++) bytes[i] = query[i]!;
  for (const run of entry.runs) shuffleRun(entry.bytes, bytes, run, random);
  return bytes;
}

/** Undefined for a reply that cannot be given again from its octets. */
function createEntry(bytes: Buffer, reply: Reply, route: Route, hasEdns: boolean): MemoEntry | undefined {
  const { repeat } = reply;
  if (!repeat || bytes.length > MAX_REPLY_OCTETS || !isWhole(bytes, reply, hasEdns)) return undefined;
  const runs = repeat.shuffled ? findAddressRuns(bytes) : [];
  if (!runs) return undefined;
  // A small Buffer is a piece of a larger one, which it would keep alive whole.
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return {
    ...{ bytes: own, reply, repeat, route },
    flags: decodeFlags(bytes.readUInt16BE(2)),
    values: repeat.epochs.map((epoch) => epoch.value),
    runs,
    anySpelling: repeat.spelledAsAsked === true && isSpelledByPointers(reply),
    used: false,
  };
}

/** Whether nothing was left out: a client that takes more octets must not get less. */
function isWhole(bytes: Buffer, { answer, authority, additional }: Reply, hasEdns: boolean): boolean {
  return (
    bytes.readUInt16BE(6) === answer.length &&
    bytes.readUInt16BE(8) === authority.length &&
    bytes.readUInt16BE(10) === additional.length + (hasEdns ? 1 : 0)
  );
}

/** Whether the qname's spelling shows only where names point to the question: everywhere but in uncompressed targets. */
function isSpelledByPointers({ rcode, answer, additional }: Reply): boolean {
  if (rcode === Rcode.NXDOMAIN && answer.length > 0) return false;
  return ![...answer, ...additional].some(({ type }) => type === SRV.code);
}
