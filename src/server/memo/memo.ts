import { CairnError } from '../../base/errors.ts';
import { AdmissionFilter } from './admission-filter.ts';
import type { Scan } from './key.ts';

/** The environment variable that, set to `off`, has every reply made anew: for measuring and for hunting a difference. */
const MEMO_VARIABLE = 'CAIRN_MEMO';
/** Replies that are kept for one listener. */
export const MAX_MEMO_ENTRIES = 16_384;
/** The octets of all of them together. */
export const MAX_MEMO_OCTETS = 8 * 1024 * 1024;

/** A whole reply that can be given again. */
export interface KeptReply {
  readonly bytes: Uint8Array;
  /** Whether another letter case of the qname leaves all other octets unchanged. */
  readonly anyCase: boolean;
  /** Set when it is used, taken off when it could have been evicted. */
  used: boolean;
}

/**
 * Whole replies by question, to be given again without asking the plugins, for as long as nothing that they were made from
 * has changed.
 *
 * A question gets an entry when it comes the second time, so a flood of random names leaves little behind.
 */
export class Memo<E extends KeptReply> {
  private readonly entries = new Map<string, E>();
  private readonly filter = new AdmissionFilter();
  private octets = 0;
  private readonly isOn = isWanted();
  private readonly isStale: (entry: E, nowMs: number) => boolean;
  private readonly dropped: (entry: E) => void;
  hits = 0;
  /** Entries that were asked for when they no longer held. */
  outdated = 0;

  /** `isStale` says whether what an entry says no longer holds; `dropped` is told of each that goes. */
  constructor(isStale: (entry: E, nowMs: number) => boolean, dropped: (entry: E) => void = () => {}) {
    this.isStale = isStale;
    this.dropped = dropped;
  }

  get size(): number {
    return this.entries.size;
  }

  get totalOctets(): number {
    return this.octets;
  }

  /** The entry for a question, if what it says still holds. */
  get({ key, hasCapitals }: Pick<Scan, 'key' | 'hasCapitals'>, nowMs: number): E | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (this.isStale(entry, nowMs)) {
      this.delete(key, entry);
      this.outdated++;
      return undefined;
    }
    if (hasCapitals && !entry.anyCase) return undefined;
    entry.used = true;
    return entry;
  }

  /** As {@link get}, and leaves all as it is. */
  protected peek({ key, hasCapitals }: Pick<Scan, 'key' | 'hasCapitals'>, nowMs: number): E | undefined {
    const entry = this.entries.get(key);
    return entry && !this.isStale(entry, nowMs) && (!hasCapitals || entry.anyCase) ? entry : undefined;
  }

  /** Whether a question has been asked lately, and so is worth an entry; from now on it has. */
  isWorth({ hash }: Scan): boolean {
    if (!this.isOn) return false;
    return this.filter.knows(hash);
  }

  /** Keeps an entry under the key of its question. */
  set(key: string, entry: E): void {
    const { length } = entry.bytes;
    const old = this.entries.get(key);
    if (old) this.delete(key, old);
    while (this.entries.size >= MAX_MEMO_ENTRIES || this.octets + length > MAX_MEMO_OCTETS) this.evict();
    this.entries.set(key, entry);
    this.octets += length;
  }

  /** Forgets all. */
  clear(): void {
    for (const [key, entry] of this.entries) this.delete(key, entry);
  }

  private delete(key: string, entry: E): void {
    this.entries.delete(key);
    this.octets -= entry.bytes.length;
    this.dropped(entry);
  }

  /** Takes out the oldest entry that was not used since it last could have been taken out. */
  private evict(): void {
    for (const [key, entry] of this.entries) {
      if (!entry.used) {
        this.delete(key, entry);
        return;
      }
      this.entries.delete(key);
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
