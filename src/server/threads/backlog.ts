import type { Incoming, SendResponse } from '../../net/transport.ts';
import { MAX_QUERY_AGE_MS, Overload } from '../../net/udp/overload.ts';
import { joinBytes, NO_REPLY, type Queries, type Replies } from './messages.ts';

/** The maximum number of queries of one worker that wait, in its queue or for the main thread. More are dropped and counted. */
export const MAX_WAITING = 4096;
/** How many queries one message holds: the main thread answers them in a single turn of its event loop. */
export const MAX_PASSED_AT_ONCE = 256;
/** Passes queries on; their octets may be transferred. */
type Pass = (queries: Queries, octets: ArrayBuffer) => void;

interface Waiting extends Pick<Incoming, 'bytes' | 'client' | 'local'> {
  readonly receivedMs: number;
  readonly send: SendResponse;
}

/**
 * The queries that a worker passes to the main thread. A message costs as much as several queries. So while the main thread has not read a message,
 * further queries are collected for the next one: under load, each query costs less.
 *
 * If more queries come than the main thread can answer, the oldest get no response. So a query that is answered is answered soon, and queries that
 * are too old cost nothing more.
 */
export class Backlog {
  passed = 0;
  dropped = 0;
  /** The functions that send the responses to the queries that were passed on, by token. */
  private readonly promised = new Map<number, SendResponse>();
  /** Queries that were not passed on yet, in the order in which they came. */
  private queue: Waiting[] = [];
  private readonly pass: Pass;
  private readonly soon: (run: () => void) => void;
  private readonly monotonic: () => number;
  private readonly overload = new Overload();
  private lastToken = 0;
  private isOurTurn = true;

  /** `soon` calls a function when the queries of this moment are here. */
  constructor(monotonic: () => number, soon: (run: () => void) => void, pass: Pass) {
    this.monotonic = monotonic;
    this.soon = soon;
    this.pass = pass;
  }

  /** Takes a query, if there is room or room can be made. */
  ask(incoming: Incoming, receivedMs: number): void {
    if (this.promised.size + this.queue.length >= MAX_WAITING) {
      if (this.queue.length === 0) {
        this.dropped++;
        return;
      }
      this.drop(1);
    }
    if (this.queue.length === 0 && this.isOurTurn) this.soon(() => this.passNewest());
    const { bytes, client, local } = incoming;
    this.queue.push({ bytes: bytes.slice(), client, local, receivedMs, send: incoming.defer() });
  }

  /** Sends the responses of the main thread. */
  settle({ tokens, lengths, bytes, isTurn }: Omit<Replies, 'recipes'>): void {
    let at = 0;
    tokens.forEach((token, i) => {
      const length = lengths[i]!;
      const send = this.promised.get(token);
      this.promised.delete(token);
      send?.(length === NO_REPLY ? undefined : bytes.subarray(at, at + length));
      at += Math.max(length, 0);
    });
    if (!isTurn) return;
    this.isOurTurn = true;
    this.passNewest();
  }

  private passNewest(): void {
    this.dropOld();
    if (this.queue.length === 0 || !this.isOurTurn) return;
    this.isOurTurn = false;
    const newest = this.queue.splice(-MAX_PASSED_AT_ONCE);
    this.passed += newest.length;
    const bytes = joinBytes(newest.map((query) => query.bytes));
    const tokens = newest.map(({ send }) => {
      this.promised.set(++this.lastToken, send);
      return this.lastToken;
    });
    const queries: Queries = {
      tokens,
      clients: newest.map(({ client }) => client.address),
      clientPorts: newest.map(({ client }) => client.port),
      locals: newest.map(({ local }) => local.address),
      receivedMs: newest.map(({ receivedMs }) => receivedMs),
      lengths: newest.map((query) => query.bytes.length),
      bytes,
    };
    this.pass(queries, bytes.buffer);
  }

  private dropOld(): void {
    const nowMs = this.monotonic();
    const ageMs = nowMs - (this.queue[0]?.receivedMs ?? nowMs);
    if (!this.overload.isTooOld(ageMs, nowMs)) return;
    const fresh = this.queue.findIndex(({ receivedMs }) => receivedMs >= nowMs - MAX_QUERY_AGE_MS);
    this.drop(fresh === -1 ? this.queue.length : fresh);
  }

  /** Drops the oldest queries of the queue. */
  private drop(count: number): void {
    if (count === 0) return;
    this.dropped += count;
    for (const { send } of this.queue.splice(0, count)) send(undefined);
  }
}
