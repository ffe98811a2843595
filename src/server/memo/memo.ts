import { CairnError } from '../../base/errors.ts';
import { AdmissionFilter } from './admission-filter.ts';
import type { Scan } from './key.ts';

/** The environment variable that switches the memo off with `off`, for measurements and for debugging. */
const MEMO_VARIABLE = 'CAIRN_MEMO';
/** The maximum number of responses that are kept for one listener. */
export const MAX_MEMO_ENTRIES = 16_384;
/** The maximum size of all of them together. */
export const MAX_MEMO_OCTETS = 8 * 1024 * 1024;

/** A whole response that can be given again. */
export interface KeptReply {
  readonly bytes: Uint8Array;
  /** Whether another letter case of the qname leaves all other octets unchanged. */
  readonly anyCase: boolean;
  /** Set when the entry is used; cleared when the entry is spared from eviction. */
  used: boolean;
}

/**
 * Whole responses by question. They are given again, without asking the plugins, as long as nothing that they were made from has changed.
 *
 * A question gets an entry when it comes for the second time, so a flood of random names adds few entries.
 */
export class Memo<E extends KeptReply> {
  private readonly entries = new Map<string, E>();
  private readonly filter = new AdmissionFilter();
  private octets = 0;
  private readonly isOn = isWanted();
  private readonly isStale: (entry: E, nowMs: number) => boolean;
  private readonly dropped: (entry: E) => void;
  hits = 0;
  /** How many times an entry was asked for that was stale. */
  outdated = 0;

  /** `isStale` says whether an entry is no longer valid; `dropped` is called with each entry that is removed. */
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

  /** The entry for a question, if it is still valid. */
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

  /** As {@link get}, without any change. */
  protected peek({ key, hasCapitals }: Pick<Scan, 'key' | 'hasCapitals'>, nowMs: number): E | undefined {
    const entry = this.entries.get(key);
    return entry && !this.isStale(entry, nowMs) && (!hasCapitals || entry.anyCase) ? entry : undefined;
  }

  /** Whether a question was asked lately, and so is worth an entry. The filter then remembers it. */
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

  /** Removes all entries. */
  clear(): void {
    for (const [key, entry] of this.entries) this.delete(key, entry);
  }

  private delete(key: string, entry: E): void {
    this.entries.delete(key);
    this.octets -= entry.bytes.length;
    this.dropped(entry);
  }

  /** Removes the oldest entry that was not used since it was last spared. */
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

/** @throws CairnError for a value other than `on` and `off`. */
function isWanted(): boolean {
  const wanted = process.env[MEMO_VARIABLE] || 'on';
  if (wanted === 'on' || wanted === 'off') return wanted === 'on';
  throw new CairnError('MEMO', `${MEMO_VARIABLE} must be "on" or "off", not "${wanted}"`);
}
