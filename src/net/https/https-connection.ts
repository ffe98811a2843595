import { performServerHandshake, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../observe/clock.ts';
import { clientOf, localOf } from '../addresses.ts';
import { clientKey } from '../stream/by-client.ts';
import { Gate } from '../stream/gate.ts';
import type { CloseReason, ConnectionEvents, ConnectionLimits, StreamConnection } from '../stream/stream-connection.ts';
import type { Turns } from '../stream/turns.ts';
import type { Incoming, Peer, Receiver, SendResponse } from '../transport.ts';
import {
  dnsResponse,
  type HttpExchange,
  type HttpResponse,
  http2Exchange,
  MAX_HEAD_OCTETS,
  readQuery,
  refuse,
} from './https-exchange.ts';

/** What all connections of a listener have in common. */
export interface HttpsWorld {
  readonly receive: Receiver;
  readonly clock: Clock;
  /** A piece of work is one slice that a {@link Gate} lets pass. */
  readonly turns: Turns;
  /** Called with the status of every response. */
  responded(status: number): void;
  /** Reads HTTP/1.1 requests from the stream and passes them to {@link HttpsConnection.take}. */
  speakHttp1(stream: Duplex, connection: HttpsConnection): void;
}

/** What an HTTP/2 client may use, and how many faults it may make, before the connection ends. */
const HTTP2_LIMITS = {
  /** In megabytes, for headers and streams. */
  maxSessionMemory: 1,
  maxHeaderListPairs: 64,
  /** Invalid and empty frames. */
  maxSessionInvalidFrames: 32,
  /** How many requests a client may cancel: in a burst, and then in each second. */
  streamResetBurst: 128,
  streamResetRate: 16,
};

/** The memory for a response, besides its body, until it is sent. */
const RESPONSE_OVERHEAD_OCTETS = 1024;

/** One client's connection. It passes on the messages in requests as they come, and responds in any order. */
export class HttpsConnection implements StreamConnection {
  readonly client: string;
  private readonly socket: Socket;
  private readonly gate: Gate;
  private readonly world: HttpsWorld;
  private readonly limits: ConnectionLimits;
  private readonly events: ConnectionEvents;
  private readonly remote: Peer;
  private readonly local: Peer;
  /** Undefined for HTTP/1.1. */
  private readonly session: ServerHttp2Session | undefined;
  /** Requests that are not yet read, answered and closed. */
  private inFlight = 0;
  /** Of these, the requests that are not read to their end, and those whose responses the client has not read to their end. */
  private unread = 0;
  private unwritten = 0;
  private requests = 0;
  /** Of these, the requests whose queries have no response yet. */
  private unanswered = 0;
  /** Memory for requests that are not answered, or not read to their end, in octets. */
  private unfinished = 0;
  /** Memory for responses that the client has not fully read, in octets. */
  private unsent = 0;
  private closed = false;
  /** Set when no more requests are taken. */
  private finishing: CloseReason | undefined;
  /** The time, on the monotonic scale, by which a request must have come. */
  private readDeadline: number;
  private readReason: CloseReason = 'read';
  /** The time by which the client must have read something. */
  private writeDeadline = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, world: HttpsWorld, limits: ConnectionLimits, events: ConnectionEvents) {
    this.socket = socket;
    this.world = world;
    this.limits = limits;
    this.events = events;
    this.remote = clientOf(socket);
    this.client = clientKey(this.remote.address);
    this.local = localOf(socket);
    this.readDeadline = world.clock.monotonic() + limits.readMs;
    socket.setNoDelay(true);
    socket.on('error', () => this.destroy('error'));
    socket.on('close', () => this.destroy(this.finishing ?? 'client'));
    this.gate = new Gate(socket, world.turns, this.client, () => this.tellUnfinished(false));
    this.gate.on('error', () => this.destroy('error'));
    // TLS has agreed on HTTP/2. RFC 9113 §3.3 has no other way to it that a proxy would use.
    if ((socket as TLSSocket).alpnProtocol === 'h2') this.session = this.speakHttp2(this.gate);
    else world.speakHttp1(this.gate, this);
  }

  expire(nowMs: number): void {
    this.tellUnfinished(false);
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
    this.events.onClosed(this, reason);
    this.session?.destroy();
    this.gate.destroy();
    this.socket.destroy();
  }

  /** Answers one request. */
  take(exchange: HttpExchange): void {
    if (this.inFlight >= this.limits.maxInFlight || this.finishing) {
      exchange.abort();
      return;
    }
    const { clock } = this.world;
    this.readReason = 'idle';
    this.inFlight++;
    if (this.unread++ === 0) this.readDeadline = clock.monotonic() + this.limits.readMs;
    if (++this.requests === this.limits.maxQueries) this.finishing = 'queries';
    const { headOctets } = exchange;
    this.unfinished += headOctets;
    this.tellUnfinished(false);
    let octets = 0;
    const kept = (more: number) => {
      octets += more;
      this.unfinished += more;
      this.tellUnfinished(false);
    };
    const isRead = () => {
      this.release(octets);
      if (--this.unread === 0) this.readDeadline = Number.POSITIVE_INFINITY;
    };
    // A request is in flight until its query has a response and the client has read it, or has canceled. Otherwise a client could start any number of
    // queries by canceling its requests.
    let left = 2;
    const isDone = () => {
      if (--left > 0) return;
      this.release(headOctets);
      this.settle();
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

  /** Releases the memory of so many octets. */
  private release(octets: number): void {
    if (octets === 0) return;
    this.unfinished -= octets;
    this.tellUnfinished(true);
  }

  private tellUnfinished(progress: boolean): void {
    this.events.onUnfinished(this, this.unfinished + this.gate.waitingOctets, progress);
  }

  private answer(exchange: HttpExchange, query: Uint8Array | HttpResponse, isDone: () => void): void {
    if (!(query instanceof Uint8Array)) {
      this.respond(exchange, query);
      isDone();
      return;
    }
    const { remote: client, local } = this;
    if (this.unanswered++ === 0) this.events.onBusy(this);
    let deferred = false;
    let open = true;
    const send: SendResponse = (response) => {
      if (!open) return;
      open = false;
      if (--this.unanswered === 0) this.events.onIdle(this);
      this.respond(exchange, response ? dnsResponse(response) : refuse(500, 'there is no response'));
      isDone();
    };
    const defer = (): SendResponse => {
      deferred = true;
      return send;
    };
    const incoming: Incoming = { bytes: query, client, local, defer };
    const response = this.world.receive(incoming);
    if (!deferred) send(response);
  }

  private respond(exchange: HttpExchange, { headers, ...response }: HttpResponse): void {
    if (this.closed) return;
    this.world.responded(response.status);
    const isLast = this.finishing !== undefined && !this.session;
    if (this.unwritten++ === 0) this.writeDeadline = this.world.clock.monotonic() + this.limits.writeMs;
    const octets = response.body.length + RESPONSE_OVERHEAD_OCTETS;
    this.unsent += octets;
    this.events.onUnsent(this, this.unsent, false);
    if (this.closed) return;
    exchange.onClosed(() => {
      this.unsent -= octets;
      this.events.onUnsent(this, this.unsent, true);
      this.writeDeadline =
        --this.unwritten === 0 ? Number.POSITIVE_INFINITY : this.world.clock.monotonic() + this.limits.writeMs;
    });
    exchange.respond({ ...response, headers: { ...headers, ...(isLast && { connection: 'close' }) } });
  }

  /** Ends a request in flight. */
  private settle(): void {
    if (--this.inFlight > 0 || this.closed) return;
    if (this.finishing) {
      this.endSocket();
      return;
    }
    this.readDeadline = this.world.clock.monotonic() + this.limits.idleMs;
  }

  private endSocket(): void {
    // A client has as long to end its side as to read a response.
    this.writeDeadline = Math.min(this.writeDeadline, this.world.clock.monotonic() + this.limits.writeMs);
    if (this.session) this.session.close();
    else this.gate.destroySoon();
  }

  private speakHttp2(stream: Duplex): ServerHttp2Session {
    const session = performServerHandshake(stream, {
      settings: { maxConcurrentStreams: this.limits.maxInFlight, maxHeaderListSize: MAX_HEAD_OCTETS },
      ...HTTP2_LIMITS,
    });
    session.on('error', () => this.destroy('error'));
    session.on('close', () => this.destroy(this.finishing ?? 'client'));
    session.on('stream', (stream, headers, _, rawHeaders) => {
      stream.on('error', () => {}); // a request that its client canceled
      this.take(http2Exchange(stream, headers, rawHeaders));
    });
    return session;
  }
}
