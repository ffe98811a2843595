import type { Incoming, SendReply } from '../../net/transport.ts';
import { joinBytes, NO_REPLY, type Queries, type Replies } from './messages.ts';

/** Queries of one worker that wait for the main thread; more are dropped and counted. */
export const MAX_WAITING = 4096;

/** Passes queries on; their octets may be given away. */
type Pass = (queries: Queries, octets: ArrayBuffer) => void;

/**
 * The queries that a worker passes to the main thread. A message costs as much as several queries, so while the main thread
 * has not looked at one, those that come are gathered for the next: the more there is to do, the cheaper it is.
 */
export class Misses {
  passed = 0;
  dropped = 0;
  private readonly waiting = new Map<number, SendReply>();
  private readonly pass: Pass;
  private lastToken = 0;
  private next = emptyBatch();
  private parts: Uint8Array[] = [];
  private isOurTurn = true;

  constructor(pass: Pass) {
    this.pass = pass;
  }

  /** Promises the query a reply, if there is room. */
  ask(incoming: Incoming, receivedMs: number): void {
    if (this.waiting.size >= MAX_WAITING) {
      this.dropped++;
      return;
    }
    this.passed++;
    const { bytes, client, local } = incoming;
    const { next } = this;
    if (this.parts.length === 0 && this.isOurTurn) queueMicrotask(() => this.passAll());
    this.waiting.set(++this.lastToken, incoming.defer());
    next.tokens.push(this.lastToken);
    next.clients.push(client.address);
    next.clientPorts.push(client.port);
    next.locals.push(local.address);
    next.receivedMs.push(receivedMs);
    next.lengths.push(bytes.length);
    this.parts.push(bytes.slice());
  }

  /** Sends what the main thread answered. */
  settle({ tokens, lengths, bytes, isTurn }: Omit<Replies, 'recipes'>): void {
    let at = 0;
    tokens.forEach((token, i) => {
      const length = lengths[i]!;
      const send = this.waiting.get(token);
      this.waiting.delete(token);
      send?.(length === NO_REPLY ? undefined : bytes.subarray(at, at + length));
      at += Math.max(length, 0);
    });
    if (!isTurn) return;
    this.isOurTurn = true;
    if (this.parts.length > 0) this.passAll();
  }

  private passAll(): void {
    this.isOurTurn = false;
    const bytes = joinBytes(this.parts);
    const queries = { ...this.next, bytes };
    this.next = emptyBatch();
    this.parts = [];
    this.pass(queries, bytes.buffer);
  }
}

function emptyBatch(): Omit<Queries, 'bytes'> {
  return { tokens: [], clients: [], clientPorts: [], locals: [], receivedMs: [], lengths: [] };
}
