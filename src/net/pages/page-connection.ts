import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../observe/clock.ts';
import { clientOf, localOf } from '../addresses.ts';
import { clientKey } from '../stream/by-client.ts';
import { Gate } from '../stream/gate.ts';
import type { CloseReason, ConnectionEvents, ConnectionLimits, StreamConnection } from '../stream/stream-connection.ts';
import type { Turns } from '../stream/turns.ts';
import type { Bodies } from './bodies.ts';

/** A page's response to GET. */
export interface HttpPage {
  readonly status: number;
  /** If many responses have the same octets object, it is kept once. */
  readonly body: string | Uint8Array;
  /** Plain text by default. */
  readonly contentType?: string;
}

/** What all connections of a page server have in common. */
export interface PageWorld {
  readonly clock: Clock;
  /** A piece of work is a slice of a request, or of a body. */
  readonly turns: Turns;
  readonly bodies: Bodies;
  /** The page for a request to an address of the machine. Never rejects. */
  pageFor(request: IncomingMessage, local: string): Promise<HttpPage>;
  /** Reads a request from the stream and passes it to {@link PageConnection.take}. */
  speakHttp(stream: Duplex, connection: PageConnection): void;
}

/** How much of a body is written at once. */
const BODY_SLICE_OCTETS = 65_536;

/** One client's connection: it ends with the response to its first request, and later requests are not read. */
export class PageConnection implements StreamConnection {
  readonly client: string;
  private readonly socket: Socket;
  private readonly gate: Gate;
  private readonly world: PageWorld;
  private readonly limits: ConnectionLimits;
  private readonly events: ConnectionEvents;
  private body: Uint8Array | undefined;
  private isAsked = false;
  private closed = false;
  private finishing: CloseReason | undefined;
  /** The time, on the monotonic scale, by which the client must have sent its request, or read some of the response. */
  private deadline: number;

  constructor(socket: Socket, world: PageWorld, limits: ConnectionLimits, events: ConnectionEvents) {
    this.socket = socket;
    this.world = world;
    this.limits = limits;
    this.events = events;
    this.client = clientKey(clientOf(socket).address);
    this.deadline = world.clock.monotonic() + limits.readMs;
    socket.setNoDelay(true);
    socket.on('error', () => this.destroy('error'));
    socket.on('close', () => this.destroy(this.finishing ?? 'client'));
    this.gate = new Gate(socket, world.turns, this.client, () =>
      this.events.onUnfinished(this, this.gate.waitingOctets, false),
    );
    this.gate.on('error', () => this.destroy('error'));
    world.speakHttp(this.gate, this);
  }

  expire(nowMs: number): void {
    if (nowMs >= this.deadline) this.destroy(this.isAsked ? 'write' : 'read');
  }

  finish(reason: CloseReason): void {
    this.finishing ??= reason;
    if (!this.isAsked) this.destroy(reason);
  }

  destroy(reason: CloseReason): void {
    if (this.closed) return;
    this.closed = true;
    if (this.body) this.world.bodies.delete(this.body, this);
    this.events.onClosed(this, reason);
    this.gate.destroy();
    this.socket.destroy();
  }

  /** Answers a request, if it is the first one. */
  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.deadline = Number.POSITIVE_INFINITY;
    this.gate.shut();
    this.events.onBusy(this);
    void this.world
      .pageFor(request, localOf(this.socket).address)
      .then((page) => this.respond(page, request, response));
  }

  private respond(
    { status, body, contentType }: HttpPage,
    { method }: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (this.closed) return;
    const octets = typeof body === 'string' ? Buffer.from(body) : body;
    response.writeHead(status, {
      'Content-Type': contentType ?? 'text/plain; charset=utf-8',
      'Content-Length': octets.length,
      Connection: 'close',
      ...(status === 405 && { Allow: 'GET, HEAD' }),
    });
    this.events.onIdle(this);
    this.body = octets;
    this.world.bodies.add(octets, this);
    this.write(response, octets, method === 'HEAD' ? octets.length : 0);
  }

  /** Writes a body from the octet `start` on, in slices. Each slice waits for its turn, and until the client has read the slices before. */
  private write(response: ServerResponse, body: Uint8Array, start: number): void {
    if (this.closed) return;
    const { clock, turns } = this.world;
    this.deadline = clock.monotonic() + this.limits.writeMs;
    const writeFrom = (next: number) => turns.wait(this.client, () => this.write(response, body, next));
    if (!turns.take()) {
      writeFrom(start);
      return;
    }
    const end = start + BODY_SLICE_OCTETS;
    const slice = body.subarray(start, end);
    if (end >= body.length) response.end(slice);
    else if (response.write(slice)) writeFrom(end);
    else response.once('drain', () => writeFrom(end));
  }
}
