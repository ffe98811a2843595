import { messageOf } from '../../base/errors.ts';
import type { Transport } from '../../corefile/key.ts';
import { type Message, type MessageFlags, type Question, Rcode } from '../../dns/message.ts';
import { foldName, type Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { decodeFlags } from '../../dns/wire/decode.ts';
import { encodeMessages } from '../../dns/wire/encode.ts';
import type { Repetitions } from '../../plugin/plugin.ts';
import type { Arrival, Query } from '../../plugin/query.ts';
import { createQuery, withQuestion } from '../../plugin/query.ts';
import { notRepeatable } from '../../plugin/repeat.ts';
import { alterReply, failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { createEntry, isOver, type MemoEntry } from '../memo/entry.ts';
import { type Scan, scanQuery } from '../memo/key.ts';
import { Memo } from '../memo/memo.ts';
import { MemoQuery } from '../memo/query.ts';
import { repeatReply } from '../memo/repeat-reply.ts';
import { accept } from './accept.ts';
import { inCaseOf, recordsInCaseOf } from './letter-case.ts';
import { encodeReply, replyHead } from './reply-message.ts';
import type { Block, Route, Router } from './router.ts';
import { udpLimit } from './udp-limit.ts';
import type { ServerWatch } from './watch.ts';

/** Look-ups inside the server may nest this deep: CNAME chains that lead back into it must end. */
export const MAX_DEPTH = 8;

/** What one listener needs to answer. */
export interface Listener {
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  readonly router: Router;
  readonly anyClass: boolean;
  readonly transport: Transport;
  /** How long an idle connection is kept, in milliseconds: told to clients that ask (RFC 7828). */
  readonly idleMs: number;
}

/**
 * The messages of a reply over TCP that has many (RFC 5936 §2.2) are of this size: names in them can point only to the first 16 KiB,
 * and others wait while one is made.
 */
const STREAMED_MESSAGE_OCTETS = 20 * 1024;

/** What goes back to a client: a message, messages to be pulled one by one (TCP only), or nothing. */
export type Answer = Buffer | Iterator<Buffer> | undefined;

/** Is shown the entry that answers a question from now on, and its key. */
export type Learn = (key: string, entry: MemoEntry) => void;

/** The message that comes first, where no others are wanted. */
export function firstMessage(answer: Answer): Buffer | undefined {
  if (!answer || !('next' in answer)) return answer;
  const { value, done } = answer.next();
  answer.return?.();
  return done ? undefined : value;
}

/** A reply, and how it came about. */
export interface Explained {
  /** Undefined where the client gets none; the first message where it gets many. */
  readonly bytes: Uint8Array | undefined;
  /** The plugin that made the reply; empty for the server itself. */
  readonly plugin: string;
  /** The zone of the server block's key that matched; undefined if none did. */
  readonly zone: Name | undefined;
  /** Undefined where the plugin has nothing to say. */
  readonly reason: string | undefined;
}

/** Turns the octets of a query into the octets of its reply: the way of every query through the server. */
export class Responder {
  private readonly listener: Listener;
  private readonly watch: ServerWatch;
  readonly memo = new Memo<MemoEntry>(isOver);
  /** Queries whose replies are not sent yet. */
  inFlight = 0;

  constructor(listener: Listener, watch: ServerWatch) {
    this.listener = listener;
    this.watch = watch;
  }

  /** The listener's name in logs and metrics. */
  get server(): string {
    return this.listener.server;
  }

  /**
   * The reply to what a peer sent, now or later; undefined if it gets none. Never throws or rejects. If the memo has or
   * gets an entry for the question, `learn` is called before this returns.
   */
  answer(bytes: Uint8Array, arrival: Arrival, learn?: Learn): Answer | Promise<Answer> {
    const scan = scanQuery(bytes);
    const known = scan && this.answerAgain(scan, bytes, arrival, learn);
    if (known) return known;
    const verdict = accept(bytes, this.listener.anyClass);
    switch (verdict.kind) {
      case 'query':
        return this.answerQuery(verdict.message, arrival, scan, learn);
      case 'refuse':
        this.watch.rejected(printReason(verdict.rcode));
        return encodeReply(
          createQuery(verdict.message, arrival, this.listener.server),
          failure('', verdict.rcode),
          NO_BLOCK,
          this.listener,
        );
      case 'error':
        this.watch.rejected(verdict.reason);
        return verdict.reply;
      case 'ignore':
        this.watch.rejected(verdict.reason);
        return undefined;
    }
  }

  /** Does for queries that an entry answered in another thread what else is to be done for each. */
  countRepetitions({ route, repeat }: MemoEntry, repetitions: Repetitions): void {
    this.memo.hits += repetitions.count;
    for (const cell of repeat.again) cell.value += repetitions.count;
    for (const plugin of route.block.observers) {
      try {
        plugin.observeRepetitions?.(repetitions);
      } catch (thrown) {
        this.watch.recovered({ server: this.server, name: route.zone, type: repetitions.type }, thrown);
      }
    }
  }

  /** As {@link answer}, and who answered and why. Made for people: nothing is taken from the memo. */
  async explain(bytes: Uint8Array, arrival: Arrival): Promise<Explained> {
    const verdict = accept(bytes, this.listener.anyClass);
    const message = verdict.kind === 'query' ? verdict.message : undefined;
    const route = message && this.routeOf(message, arrival);
    if (!route?.block.handler) {
      const reason = message ? 'no server block serves the name' : 'the message is no query that is answered';
      return { bytes: firstMessage(await this.answer(bytes, arrival)), plugin: '', zone: undefined, reason };
    }
    const { block, zone } = route;
    const query = createQuery(message!, arrival, this.listener.server, zone);
    const made = Promise.resolve(this.handle(query, block));
    const reply = await made.catch((thrown) => this.watch.recovered(query, thrown, block.debug));
    const reason = reply.error ? messageOf(reply.error) : block.explain?.(query, reply);
    return { bytes: firstMessage(this.finish(query, block, reply)), plugin: reply.source, zone, reason };
  }

  /** The reply to a question that the server asks itself on behalf of a client's query. */
  resolve(query: Query, question: Question): Reply | Promise<Reply> {
    if (query.depth >= MAX_DEPTH) {
      return failure('', Rcode.SERVFAIL, new Error(`look-ups inside the server nest more than ${MAX_DEPTH} deep`));
    }
    const inner = { ...withQuestion(query, question), depth: query.depth + 1 };
    const route = this.listener.router.route(inner.name, question.type, (zone) => ({ ...inner, zone }));
    if (!route?.block.handler) return failure('', Rcode.REFUSED);
    const reply = mapReply(route.block.handler({ ...inner, zone: route.zone }), (made) => {
      const answer = inCaseOf(inner, made.answer);
      return answer === made.answer ? made : { ...made, answer };
    });
    return route.isSelected ? mapReply(reply, forThisQuery) : reply;
  }

  private routeOf(message: Message, arrival: Arrival): Route | undefined {
    const { router, server } = this.listener;
    const { name, type } = message.questions[0]!;
    return router.route(foldName(name), type, (zone) => createQuery(message, arrival, server, zone));
  }

  /** The reply from the memo, if it has one that fits. */
  private answerAgain(scan: Scan, bytes: Uint8Array, arrival: Arrival, learn?: Learn): Buffer | undefined {
    const { memo, watch, listener } = this;
    const entry = memo.get(scan, arrival.receivedMs);
    if (!entry) return undefined;
    const { block, zone } = entry.route;
    if (arrival.protocol === 'udp' && entry.bytes.length > udpLimit(scan.udpSize, block)) return undefined;
    memo.hits++;
    for (const cell of entry.repeat.again) cell.value++;
    learn?.(scan.key, entry);
    const reply = repeatReply(entry, bytes, scan, watch.random);
    if (block.observers.length > 0) {
      const query = new MemoQuery(bytes, arrival, scan, zone, listener.server);
      this.tellObservers(query, block, entry.reply, entry.flags, reply.length);
    }
    return reply;
  }

  private answerQuery(
    message: Message,
    arrival: Arrival,
    scan: Scan | undefined,
    learn: Learn | undefined,
  ): Answer | Promise<Answer> {
    const { server } = this.listener;
    const route = this.routeOf(message, arrival);
    if (!route?.block.handler) {
      const refused = createQuery(message, arrival, server);
      this.watch.unserved(refused);
      return encodeReply(refused, failure('', Rcode.REFUSED), NO_BLOCK, this.listener);
    }
    const query = createQuery(message, arrival, server, route.zone);
    const reply = this.handle(query, route.block);
    if (reply instanceof Promise) return this.finishLater(query, route.block, reply);
    const bytes = this.finish(query, route.block, reply);
    const mayRepeat = reply.repeat && !route.isSelected;
    if (bytes instanceof Buffer && scan && mayRepeat && !scan.hasCapitals && this.memo.isWorth(scan)) {
      const entry = createEntry(bytes, reply, route, query.edns !== undefined);
      if (entry) this.memo.set(scan.key, entry);
      if (entry) learn?.(scan.key, entry);
    }
    return bytes;
  }

  /** What the block's plugins answer, now or later; SERVFAIL for what they throw. */
  private handle(query: Query, block: Block): Reply | Promise<Reply> {
    try {
      return block.handler!(query);
    } catch (thrown) {
      return this.watch.recovered(query, thrown, block.debug);
    }
  }

  private finishLater(query: Query, block: Block, reply: Promise<Reply>): Promise<Answer> {
    this.inFlight++;
    const finish = (reply: Reply) => {
      this.inFlight--;
      return this.finish(query, block, reply);
    };
    return reply.then(finish, (thrown) => finish(this.watch.recovered(query, thrown, block.debug)));
  }

  private finish(query: Query, block: Block, reply: Reply): Answer {
    if (reply.following && query.protocol === 'tcp') {
      if (this.listener.transport !== 'https') return this.stream(query, block, reply, reply.following);
      // RFC 8484 §4.2: a response has one message.
      return this.finish(query, block, failure(reply.source, Rcode.REFUSED, new Error('no zone transfer over HTTPS')));
    }
    let bytes: Buffer | undefined;
    try {
      bytes = reply.drop ? undefined : encodeReply(query, reply, block, this.listener);
    } catch (thrown) {
      return this.finish(query, block, this.watch.recovered(query, thrown, block.debug));
    }
    if (block.observers.length > 0) {
      const flags = bytes ? decodeFlags(bytes.readUInt16BE(2)) : NO_FLAGS;
      this.tellObservers(query, block, reply, flags, bytes?.length ?? 0);
    }
    return bytes;
  }

  /** The messages of a reply that does not end with the first one; observers are told of all of them together. */
  private *stream(
    query: Query,
    block: Block,
    reply: Reply,
    following: Iterable<ResourceRecord>,
  ): Generator<Buffer, void> {
    let octets = 0;
    const message = { ...replyHead(query, reply, block, this.listener), ...recordsInCaseOf(query, reply) };
    try {
      for (const bytes of encodeMessages(message, following, STREAMED_MESSAGE_OCTETS)) {
        octets += bytes.length;
        yield bytes;
      }
    } catch (thrown) {
      this.watch.recovered(query, thrown, block.debug);
      throw thrown;
    } finally {
      this.tellObservers(query, block, reply, message, octets);
    }
  }

  private tellObservers(query: Query, block: Block, reply: Reply, flags: MessageFlags, octets: number): void {
    const durationMs = this.watch.clock.monotonic() - query.receivedMs;
    const sent = { reply, flags, octets, durationMs };
    for (const plugin of block.observers) {
      try {
        plugin.observe?.(query, sent);
      } catch (thrown) {
        this.watch.recovered(query, thrown, block.debug);
      }
    }
  }
}

/** The reply, which another query for the same name might not get: whoever made more of it must not keep that. */
function forThisQuery(reply: Reply): Reply {
  return alterReply(notRepeatable(reply), { uncacheable: true });
}

const NO_FLAGS: MessageFlags = decodeFlags(0);
const NO_BLOCK = { recursion: false };

function printReason(rcode: number): string {
  return rcode === Rcode.BADVERS ? 'version' : 'class';
}
