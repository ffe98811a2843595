import type { BoundSocket } from '../../net/native/socket.ts';
import type { UdpStats } from '../../net/transport.ts';
import type { AddressRun } from '../memo/shuffle.ts';

/** What a worker is started with. */
export interface WorkerStart {
  /** The shared table of epochs. */
  readonly epochs: Int32Array;
  /** How far the main thread's monotonic clock is ahead of the machine's: {@link aheadOfMachineMs}. */
  readonly aheadMs: number;
  readonly guests: Guests;
}

/** The addresses that blocks of their own have among those of the sockets. */
export type Guests = readonly string[];

/** Queries that a worker cannot answer, one element of each list for each. */
export interface Queries {
  /** What the reply is to be called. */
  readonly tokens: number[];
  readonly clients: string[];
  readonly clientPorts: number[];
  readonly locals: string[];
  /** On the main thread's clock. */
  readonly receivedMs: number[];
  readonly lengths: number[];
  /** The messages, one behind the other. */
  readonly bytes: Uint8Array;
}

/** Replies to such queries. */
export interface Replies {
  /** Whether these are the first to a message of queries, so that the next one may come. */
  readonly isTurn: boolean;
  readonly tokens: number[];
  /** {@link NO_REPLY} for a client that gets none. */
  readonly lengths: number[];
  readonly bytes: Uint8Array;
  /** How to answer the same questions from now on. */
  readonly recipes: readonly Recipe[];
}

export const NO_REPLY = -1;

/** All that it takes to give a reply again in another thread, for as long as nothing that it was made from has changed. */
export interface Recipe {
  /** What the worker calls it when it reports. */
  readonly id: number;
  /** The block's own address if it has one, else undefined. */
  readonly guest: string | undefined;
  /** Of the question. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly runs: readonly AddressRun[];
  /** The most octets of a UDP reply of the block, whatever more the client would take. */
  readonly udpSize: number | undefined;
  readonly anyCase: boolean;
  /** Places in the shared table of epochs, and what they held when the reply was made. */
  readonly slots: readonly number[];
  readonly values: readonly number[];
  /** On the main thread's clock. */
  readonly untilMs: number;
}

/** Equal queries that were answered by one recipe since the last report. */
export interface Tally {
  /** Octets of each query. */
  readonly queryOctets: number;
  readonly isIPv6: boolean;
  count: number;
  /** From arrival to reply, of all together. */
  durationMs: number;
}

/** What a worker has done since its last report, and what it holds. */
export interface Counts {
  /** Rows of the recipe's id and the tally's fields: {@link packTally}. */
  readonly tallies: Float64Array;
  /** Recipes that it no longer has; they are in `tallies` for the last time. */
  readonly forgotten: readonly number[];
  /** One for each guest, and one without. */
  readonly memos: readonly WorkerMemoSize[];
  /** From the worker's start on. */
  readonly stats: WorkerStats;
}

export interface WorkerMemoSize {
  readonly guest: string | undefined;
  readonly entries: number;
  readonly octets: number;
}

export interface WorkerStats extends UdpStats {
  /** Queries that were passed on to the main thread. */
  passed: number;
  /** Queries that were not passed on because too many waited. */
  dropped: number;
}

export const NO_STATS: Readonly<WorkerStats> = { sendErrors: 0, receiveErrors: 0, stale: 0, passed: 0, dropped: 0 };

/** The counts of several, added up. */
export function addStats(all: readonly WorkerStats[]): WorkerStats {
  const sum = (of: keyof WorkerStats) => all.reduce((total, stats) => total + stats[of], 0);
  return {
    sendErrors: sum('sendErrors'),
    receiveErrors: sum('receiveErrors'),
    stale: sum('stale'),
    passed: sum('passed'),
    dropped: sum('dropped'),
  };
}

/** What the main thread tells a worker. */
export type Order =
  | { readonly kind: 'serve'; readonly sockets: readonly BoundSocket[] }
  | { readonly kind: 'replies'; readonly replies: Replies }
  /** Other chains answer: all recipes are void. */
  | { readonly kind: 'handOver'; readonly guests: Guests }
  | { readonly kind: 'close'; readonly graceMs: number };

/** What a worker tells the main thread. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'queries'; readonly queries: Queries }
  | { readonly kind: 'counts'; readonly counts: Counts }
  | { readonly kind: 'handedOver' }
  | { readonly kind: 'failed'; readonly reason: string };

const TALLY_FIELDS = 5;

/** Appends a recipe's tally to the rows. */
export function packTally(rows: number[], id: number, { queryOctets, isIPv6, count, durationMs }: Tally): void {
  rows.push(id, queryOctets, isIPv6 ? 1 : 0, count, durationMs);
}

/** Shows the tallies in such rows, each with the recipe's id. */
export function unpackTallies(rows: Float64Array, show: (id: number, tally: Tally) => void): void {
  for (let at = 0; at < rows.length; at += TALLY_FIELDS) {
    show(rows[at]!, {
      queryOctets: rows[at + 1]!,
      isIPv6: rows[at + 2] === 1,
      count: rows[at + 3]!,
      durationMs: rows[at + 4]!,
    });
  }
}

/** One behind the other, in memory of their own: it can be given to another thread without a copy. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
