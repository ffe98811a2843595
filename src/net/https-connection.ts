import { performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../observe/clock.ts';
import { clientOf, localOf } from './addresses.ts';
import { type HttpExchange, type HttpResponse, http2Exchange, readQuery, refuse } from './https-exchange.ts';
import { dnsResponse } from './https-response.ts';
import type { CloseReason, ConnectionEvents, ConnectionLimits, StreamConnection } from './stream-connection.ts';
import type { Incoming, Peer, Receiver, SendReply } from './transport.ts';

/** What all connections of a listener have in common. */
export interface HttpsWorld {
  readonly receive: Receiver;
  readonly clock: Clock;
  /** Told of the status of every response. */
  responded(status: number): void;
  /** Has requests of HTTP/1.1 read from the socket; they are taken by {@link HttpsConnection.take}. */
  speakHttp1(socket: Socket, connection: HttpsConnection): void;
}

/** An HTTP/2 client may have so many megabytes of ours for its headers and streams. */
const SESSION_MEGABYTES = 2;

/** One client's connection: hands the messages in its requests over as they come, and responds in any order. */
export class HttpsConnection implements StreamConnection {
  private readonly socket: Socket;
  private readonly world: HttpsWorld;
  private readonly limits: ConnectionLimits;
  private readonly events: ConnectionEvents;
  private readonly client: Peer;
  private readonly local: Peer;
  /** Undefined for HTTP/1.1. */
  private readonly session: ServerHttp2Session | undefined;
  /** Requests that are not read, answered and closed. */
  private inFlight = 0;
  /** Of these, those that are not read to their end, and those whose responses are not taken to their end. */
  private unread = 0;
  private unwritten = 0;
  private requests = 0;
  /** What is kept of requests that are not read to their end, in octets. */
  private unfinished = 0;
  private closed = false;
  /** Set when no more requests are taken. */
  private finishing: CloseReason | undefined;
  /** When, on the monotonic scale, a request must have come. */
  private readDeadline: number;
  private readReason: CloseReason = 'read';
  /** When something of what was sent must have been taken. */
  private writeDeadline = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, world: HttpsWorld, limits: ConnectionLimits, events: ConnectionEvents) {
    this.socket = socket;
    this.world = world;
    this.limits = limits;
    this.events = events;
    this.client = clientOf(socket);
    this.local = localOf(socket);
    this.readDeadline = world.clock.monotonic() + limits.readMs;
    socket.setNoDelay(true);
    socket.on('error', () => this.destroy('error'));
    socket.on('close', () => this.destroy(this.finishing ?? 'client'));
    // What TLS agreed on; RFC 9113 §3.3 has no other way to HTTP/2 that a proxy would use.
    if ((socket as TLSSocket).alpnProtocol === 'h2') this.session = this.speakHttp2(socket);
    else world.speakHttp1(socket, this);
  }

  expire(nowMs: number): void {
    if (nowMs >= this.writeDeadline) this.destroy('write');
    else if (nowMs >= this.readDeadline) {
      if (this.unread > 0) this.destroy('read');
      else this.finish(this.readReason);
    }
  }

  finish(reason: CloseReason): void {
    this.finishing ??= reason;
    this.readDeadline = this.unread > 0 ? this.readDeadline : Number.POSITIVE_INFINITY;
    if (this.inFlight === 0) this.endSocket();
    else this.session?.close();
  }

  destroy(reason: CloseReason): void {
    if (this.closed) return;
    this.closed = true;
    this.session?.destroy();
    this.socket.destroy();
    this.events.onClosed(this, reason);
  }

  /** Answers one request. */
  take(exchange: HttpExchange): void {
    if (this.inFlight >= this.limits.maxInFlight || this.finishing) {
      exchange.abort();
      return;
    }
    const { clock } = this.world;
    this.readReason = 'idle';
    if (++this.inFlight === 1) this.events.onBusy(this);
    if (this.unread++ === 0) this.readDeadline = clock.monotonic() + this.limits.readMs;
    if (++this.requests === this.limits.maxQueries) this.finishing = 'queries';
    let octets = 0;
    const kept = (more: number) => {
      octets += more;
      this.unfinished += more;
      if (!this.closed) this.events.onUnfinished(this, this.unfinished);
    };
    const isRead = () => {
      this.isWhole(octets);
      if (--this.unread === 0) this.readDeadline = Number.POSITIVE_INFINITY;
    };
    // It is in flight until its client has the response and the query behind it has a reply, whichever is later: else
    // a client could have any number of queries by taking its requests back.
    let left = 2;
    const isDone = () => {
      if (--left === 0) this.settle();
    };
    exchange.onClosed(isDone);
    readQuery(exchange, kept).then(
      (query) => {
        isRead();
        this.answer(exchange, query, isDone);
      },
      () => {
        isRead();
        isDone();
      },
    );
  }

  /** So many octets are kept no longer. */
  private isWhole(octets: number): void {
    if (octets === 0 || this.closed) return;
    this.unfinished -= octets;
    this.events.onUnfinished(this, 0);
    this.events.onUnfinished(this, this.unfinished);
  }

  private answer(exchange: HttpExchange, query: Uint8Array | HttpResponse, isDone: () => void): void {
    if (!(query instanceof Uint8Array)) {
      this.respond(exchange, query);
      isDone();
      return;
    }
    const { client, local } = this;
    let deferred = false;
    let open = true;
    const send: SendReply = (reply) => {
      if (!open) return;
      open = false;
      this.respond(exchange, reply ? dnsResponse(reply) : refuse(500, 'there is no reply'));
      isDone();
    };
    const defer = (): SendReply => {
      deferred = true;
      return send;
    };
    const incoming: Incoming = { bytes: query, client, local, defer };
    const reply = this.world.receive(incoming);
    if (!deferred) send(reply);
  }

  private respond(exchange: HttpExchange, { headers, ...response }: HttpResponse): void {
    if (this.closed) return;
    this.world.responded(response.status);
    const isLast = this.finishing !== undefined && !this.session;
    if (this.unwritten++ === 0) this.writeDeadline = this.world.clock.monotonic() + this.limits.writeMs;
    exchange.onClosed(() => {
      this.writeDeadline =
        --this.unwritten === 0 ? Number.POSITIVE_INFINITY : this.world.clock.monotonic() + this.limits.writeMs;
    });
    exchange.respond({ ...response, headers: { ...headers, ...(isLast && { connection: 'close' }) } });
  }

  /** One request less is in flight. */
  private settle(): void {
    if (--this.inFlight > 0 || this.closed) return;
    if (this.finishing) {
      this.endSocket();
      return;
    }
    this.readDeadline = this.world.clock.monotonic() + this.limits.idleMs;
    this.events.onIdle(this);
  }

  private endSocket(): void {
    if (this.session) this.session.close();
    else this.socket.destroySoon();
  }

  private speakHttp2(socket: Socket): ServerHttp2Session {
    const session = performServerHandshake(socket, {
      settings: { maxConcurrentStreams: this.limits.maxInFlight },
      maxSessionMemory: SESSION_MEGABYTES,
    });
    session.on('error', () => this.destroy('error'));
    session.on('close', () => this.destroy(this.finishing ?? 'client'));
    session.on('stream', (stream, headers) => {
      stream.on('error', () => {}); // one that its client took back
      this.take(http2Exchange(stream, headers));
    });
    return session;
  }
}
