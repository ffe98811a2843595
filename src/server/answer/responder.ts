/*
 * The way of every query from its bytes to those of the response. Begin with `Responder.answer`; the other files are its steps, and
 * explain.ts walks them for people. It never touches a socket, and a query never makes it throw.
 */

import { type Message, type MessageFlags, type Question, Rcode } from '../../dns/message.ts';
import { foldName } from '../../dns/name.ts';
import { decodeFlags } from '../../dns/wire/decode.ts';
import { isExplained } from '../../plugin/explained.ts';
import { type Arrival, createQuery, type Query } from '../../plugin/query.ts';
import { failure, type Reply } from '../../plugin/reply.ts';
import type { Way } from '../../plugin/server-control.ts';
import { scanQuery } from '../memo/key.ts';
import { ResponseMemo } from '../memo/response-memo.ts';
import { accept, tryDecode, type Verdict } from './accept.ts';
import { lookUpInside } from './inner-lookup.ts';
import { isTold, tellFollowers, tellObservers } from './observers.ts';
import { type Delivery, encodeReply } from './reply-message.ts';
import type { Block, Route, Router } from './router.ts';
import { type Answer, streamMessages } from './stream.ts';
import type { ServerWatch } from './watch.ts';

interface ResponderOptions extends Delivery {
  /** The listener's name in logs and metrics, such as `dns://:53`. */
  readonly server: string;
  readonly router: Router;
  /** Whether classes other than IN are answered. */
  readonly anyClass: boolean;
}

/**
 * Turns a query's bytes into a response's: the way of every query through the server. Begin with {@link Responder.answer}. It
 * never touches a socket.
 */
export class Responder {
  readonly options: ResponderOptions;
  readonly watch: ServerWatch;
  readonly memo: ResponseMemo;
  /** The number of queries without a response yet. */
  inFlight = 0;

  constructor(options: ResponderOptions, watch: ServerWatch) {
    this.options = options;
    this.watch = watch;
    this.memo = new ResponseMemo(options.server, watch);
  }

  /** The listener's name in logs and metrics. */
  get server(): string {
    return this.options.server;
  }

  /** The response to a peer's message, now or later; undefined if it gets none. Never throws or rejects. */
  answer(bytes: Uint8Array, arrival: Arrival): Answer | Promise<Answer> {
    // One object for all queries. It is valid until the next scan, so not after an await.
    const scan = scanQuery(bytes);
    const repeated = scan && this.memo.repeat(scan, bytes, arrival);
    if (repeated) return repeated;
    const verdict = accept(bytes, this.options.anyClass);
    if (verdict.kind !== 'query') return this.reject(verdict, bytes, arrival);
    const { message } = verdict;
    const route = this.route(message, arrival);
    if (!route?.block.handler) return this.refuse(message, arrival);
    const query = createQuery(message, arrival, this.options.server, route.zone);
    route.block.tap?.clientQuery(query, bytes);
    const reply = this.handle(query, route.block);
    if (reply instanceof Promise) return this.finishLater(query, route.block, reply);
    const response = this.finish(query, route.block, reply);
    if (scan && response instanceof Buffer) this.memo.remember(scan, response, query, reply, route);
    return response;
  }

  /** The reply to a lookup inside the server, made for a client's query. */
  resolve(query: Query, question: Question): Reply | Promise<Reply> {
    return lookUpInside(this.options.router, query, question);
  }

  /** The server block for a query; undefined if none serves its name. */
  route(message: Message, arrival: Arrival): Route | undefined {
    const { router, server } = this.options;
    const { name, type } = message.questions[0]!;
    return router.route(foldName(name), type, (zone) => createQuery(message, arrival, server, zone));
  }

  /** The reply of the block's plugins, now or later; SERVFAIL if they throw. */
  handle(query: Query, block: Block): Reply | Promise<Reply> {
    try {
      return block.handler!(query);
    } catch (thrown) {
      return this.watch.recovered(query, thrown, block.debug);
    }
  }

  /** Encodes a reply, and tells the observers. */
  finish(query: Query, block: Block, reply: Reply): Answer {
    if (reply.following && query.protocol === 'tcp') {
      if (this.options.transport !== 'https') {
        return streamMessages(query, block, reply, reply.following, this.options, this.watch);
      }
      // RFC 8484 §4.2: a response has one message.
      return this.finish(query, block, failure(reply.source, Rcode.REFUSED, new Error('no zone transfer over HTTPS')));
    }
    let bytes: Buffer | undefined;
    try {
      bytes = reply.drop ? undefined : encodeReply(query, reply, block, this.options);
    } catch (thrown) {
      return this.finish(query, block, this.watch.recovered(query, thrown, block.debug));
    }
    if (bytes && block.tap && !isExplained(query)) block.tap.clientResponse(query, bytes);
    if (isTold(block, this.watch)) {
      const flags = bytes ? decodeFlags(bytes.readUInt16BE(2)) : NO_FLAGS;
      tellObservers(query, block, reply, flags, bytes?.length ?? 0, this.watch);
    }
    return bytes;
  }

  private finishLater(query: Query, block: Block, reply: Promise<Reply>): Promise<Answer> {
    this.inFlight++;
    const finish = (reply: Reply) => {
      this.inFlight--;
      return this.finish(query, block, reply);
    };
    return reply.then(finish, (thrown) => finish(this.watch.recovered(query, thrown, block.debug)));
  }

  /** The response to a message that no plugin sees. */
  reject(verdict: Exclude<Verdict, { kind: 'query' }>, bytes: Uint8Array, arrival: Arrival): Buffer | undefined {
    if (verdict.kind === 'refuse') {
      this.watch.rejected(verdict.rcode === Rcode.BADVERS ? 'version' : 'class', arrival);
      const query = createQuery(verdict.message, arrival, this.options.server);
      return this.decline(query, verdict.rcode, 'rejected');
    }
    this.watch.rejected(verdict.reason, arrival);
    if (verdict.kind === 'ignore') return undefined;
    const { reply } = verdict;
    const message = this.watch.followers.all.length > 0 ? tryDecode(bytes) : undefined;
    if (message?.questions[0]) {
      const query = createQuery(message, arrival, this.options.server);
      this.show(query, failure('', reply[3]! & 0x0f), reply, 'rejected');
    }
    return reply;
  }

  /** The response to a query whose name no server block serves. */
  refuse(message: Message, arrival: Arrival): Buffer {
    const query = createQuery(message, arrival, this.options.server);
    this.watch.unserved(query);
    return this.decline(query, Rcode.REFUSED, 'unserved');
  }

  /** A response without records, of which observers are not told, as no block has the query. */
  private decline(query: Query, rcode: number, way: Way): Buffer {
    const reply = failure('', rcode);
    const bytes = encodeReply(query, reply, NO_BLOCK, this.options);
    if (this.watch.followers.all.length > 0) this.show(query, reply, bytes, way);
    return bytes;
  }

  private show(query: Query, reply: Reply, bytes: Buffer, way: Way): void {
    const durationMs = this.watch.clock.monotonic() - query.receivedMs;
    const sent = { reply, flags: decodeFlags(bytes.readUInt16BE(2)), octets: bytes.length, durationMs };
    tellFollowers(query, sent, way, this.watch);
  }
}

const NO_FLAGS: MessageFlags = decodeFlags(0);
const NO_BLOCK = { recursion: false };
