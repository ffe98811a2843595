import type { BoundSocket } from '../../net/native/socket.ts';
import type { UdpStats } from '../../net/transport.ts';
import type { RepeatableReply } from '../memo/repeat-reply.ts';

/** What a worker is started with. */
export interface WorkerStart {
  /** The shared table of epochs. */
  readonly epochs: Int32Array;
  /** How far the main thread's monotonic clock is ahead of the machine's: {@link aheadOfMachineMs}. */
  readonly aheadMs: number;
  readonly guests: Guests;
  /** An eventfd that the main thread signals after each order. */
  readonly bell: number;
}

/** The addresses of the sockets that have their own blocks. */
export type Guests = readonly string[];

/** Queries that a worker cannot answer. Each list has one element for each query. */
export interface Queries {
  /** The number by which the response is found. */
  readonly tokens: number[];
  readonly clients: string[];
  readonly clientPorts: number[];
  readonly locals: string[];
  /** On the main thread's clock. */
  readonly receivedMs: number[];
  readonly lengths: number[];
  /** The messages, one after the other. */
  readonly bytes: Uint8Array;
}

/** The responses to such queries. */
export interface Replies {
  /** Whether these are the first responses to a message of queries, so that the next message may be sent. */
  readonly isTurn: boolean;
  readonly tokens: number[];
  /** {@link NO_REPLY} for a client that gets none. */
  readonly lengths: number[];
  readonly bytes: Uint8Array;
  /** Recipes for answering the same questions from now on. */
  readonly recipes: readonly Recipe[];
}

export const NO_REPLY = -1;

/** What another thread needs to repeat a response, as long as its data has not changed. */
export interface Recipe extends RepeatableReply {
  /** The number of the recipe in reports. */
  readonly id: number;
  /** The address of the block, if it has its own; else undefined. */
  readonly guest: string | undefined;
  /** The key of the question. */
  readonly key: string;
  /** The block's maximum size of a response over UDP, even if the client accepts more. */
  readonly udpSize: number | undefined;
  readonly anyCase: boolean;
  /** Slots in the shared table of epochs, and their values when the response was made. */
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
  /** The time from arrival to response, of all queries together. */
  durationMs: number;
}

/** What a worker has done since its last report, and what it holds. */
export interface Counts {
  /** Rows with the recipe's id and the tally's fields: {@link packTally}. */
  readonly tallies: Float64Array;
  /** Recipes that the worker has dropped; they are in `tallies` for the last time. */
  readonly forgotten: readonly number[];
  /** One for each guest, and one for all other addresses. */
  readonly memos: readonly WorkerMemoSize[];
  /** Counted since the worker's start. */
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
  /** Queries that were dropped because too many waited, or because they waited too long. */
  dropped: number;
}

export const NO_STATS: Readonly<WorkerStats> = { sendErrors: 0, receiveErrors: 0, stale: 0, passed: 0, dropped: 0 };

/** The sum of the counts of several workers. */
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
  /** Other chains answer, so all recipes are invalid. */
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

/** Joins parts in new memory, which can be transferred to another thread without a copy. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
