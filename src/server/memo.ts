import { type MessageFlags, Rcode } from '../dns/message.ts';
import { A, AAAA, MX, type ResourceRecord, SRV } from '../dns/rr.ts';
import { decodeFlags, HEADER_OCTETS } from '../dns/wire/decode.ts';
import type { Epoch, Repeat } from '../plugin/repeat.ts';
import type { Reply } from '../plugin/reply.ts';
import type { Scan } from './memo-key.ts';
import type { Route } from './router.ts';

/** Replies that are kept for one listener. */
export const MAX_MEMO_ENTRIES = 16_384;
/** The octets of all of them together. */
export const MAX_MEMO_OCTETS = 8 * 1024 * 1024;
/** Longer replies are made anew each time. */
const MAX_REPLY_OCTETS = 4096;
/** Questions that were asked once and may be worth an entry when they come again; a power of two. */
const DOOR_SIZE = 8192;

const POINTER = 0xc0;
const OPT_OCTETS = 11;

/** A whole reply that can be given again. */
export interface MemoEntry {
  readonly bytes: Buffer;
  readonly reply: Reply;
  readonly repeat: Repeat;
  readonly route: Route;
  readonly flags: MessageFlags;
  /** The epochs' values when the reply was made. */
  readonly values: readonly number[];
  readonly addresses: AddressRun | undefined;
  /** Whether another spelling of the qname leaves all other octets as they are. */
  readonly anySpelling: boolean;
  /** Set when it is used, taken off when it could have been evicted. */
  used: boolean;
}

/** Address records of one RRset that stand one behind the other. */
interface AddressRun {
  /** Where the first one's rdata starts. */
  readonly start: number;
  readonly count: number;
  /** From one rdata to the next. */
  readonly stride: number;
  readonly octets: 4 | 16;
}

/**
 * Whole replies by question, to be given again without asking the plugins, for as long as nothing that they were made from
 * has changed.
 *
 * A question gets an entry when it comes the second time, so a flood of random names finds the door closed.
 */
export class Memo {
  private readonly entries = new Map<string, MemoEntry>();
  private readonly door = new Uint32Array(DOOR_SIZE);
  private octets = 0;
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
    const at = hash & (DOOR_SIZE - 1);
    const known = this.door[at] === hash >>> 0;
    this.door[at] = hash >>> 0;
    return known;
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
  if (entry.addresses) shuffleAddresses(bytes, entry.addresses, random);
  return bytes;
}

/** Fisher and Yates, on the rdata alone: all else of the records is the same. */
function shuffleAddresses(bytes: Buffer, { start, count, stride, octets }: AddressRun, random: () => number): void {
  for (let left = count - 1; left > 0; left--) {
    const one = start + left * stride;
    const other = start + Math.floor(random() * (left + 1)) * stride;
    for (let i = 0; i < octets; i++) {
      const octet = bytes[one + i]!;
      bytes[one + i] = bytes[other + i]!;
      bytes[other + i] = octet;
    }
  }
}

/** Undefined for a reply that cannot be given again from its octets. */
function createEntry(bytes: Buffer, reply: Reply, route: Route, hasEdns: boolean): MemoEntry | undefined {
  const { repeat } = reply;
  if (!repeat || bytes.length > MAX_REPLY_OCTETS || !isWhole(bytes, reply, hasEdns)) return undefined;
  const addresses = repeat.shuffled ? findAddresses(bytes, reply, hasEdns) : 'fixed';
  if (addresses === 'scattered') return undefined;
  // A small Buffer is a piece of a larger one, which it would keep alive whole.
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return {
    ...{ bytes: own, reply, repeat, route },
    flags: decodeFlags(bytes.readUInt16BE(2)),
    values: repeat.epochs.map((epoch) => epoch.value),
    addresses: addresses === 'fixed' ? undefined : addresses,
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

const isAddress = ({ type }: ResourceRecord) => type === A.code || type === AAAA.code;
const isExchange = ({ type }: ResourceRecord) => type === MX.code;
const isShuffled = (record: ResourceRecord) => isAddress(record) || isExchange(record);

/**
 * Where the addresses are that change their order: the last records of the message, but for OPT. `fixed` if there are no
 * two, `scattered` if they do not differ in their rdata alone.
 */
function findAddresses(
  bytes: Buffer,
  { answer, authority, additional }: Reply,
  hasEdns: boolean,
): AddressRun | 'fixed' | 'scattered' {
  const elsewhere = [...authority, ...additional];
  if (elsewhere.filter(isShuffled).length > 1 || answer.filter(isExchange).length > 1) return 'scattered';
  const addresses = answer.filter(isAddress);
  const [first, second] = addresses;
  if (!first || !second) return 'fixed';
  if (elsewhere.length > 0) return 'scattered';
  const alike = addresses.every(
    ({ name, type, ttl }) => name === first.name && type === first.type && ttl === first.ttl,
  );
  const last = answer.slice(-addresses.length).every(isAddress);
  const octets = first.type === A.code ? 4 : 16;
  const stride = 12 + octets;
  const start = bytes.length - (hasEdns ? OPT_OCTETS : 0) - addresses.length * stride;
  const pointers = addresses.every((_, i) => (bytes[start + i * stride]! & POINTER) === POINTER);
  if (!alike || !last || !pointers) return 'scattered';
  return { start: start + 12, count: addresses.length, stride, octets };
}

/** Whether the qname's spelling shows only where names point to the question: everywhere but in uncompressed targets. */
function isSpelledByPointers({ rcode, answer, additional }: Reply): boolean {
  if (rcode === Rcode.NXDOMAIN && answer.length > 0) return false;
  return ![...answer, ...additional].some(({ type }) => type === SRV.code);
}
