import { HEADER_OCTETS } from '../../dns/wire/decode.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Incoming, Receiver, SendResponse } from '../transport.ts';
import { clientKey } from './by-client.ts';
import type { ByteStream, StreamHandler } from './byte-stream.ts';
import { createFrames, frame } from './frames.ts';
import type { CloseReason, ConnectionEvents, ConnectionLimits, StreamConnection } from './stream-connection.ts';
import type { Turns } from './turns.ts';

/** How many messages of one connection are handled in a row while other connections wait. */
const MESSAGES_IN_A_ROW = 32;

/** The memory for a response, besides its octets, until it is sent. */
const RESPONSE_OVERHEAD_OCTETS = 512;

/** What all connections of a listener have in common. */
export interface TcpWorld {
  readonly receive: Receiver;
  readonly clock: Clock;
  /** A piece of work is a message. */
  readonly turns: Turns;
}

/**
 * One client's connection. It passes queries on as they come, and writes responses as they are made, in any order (RFC 7766 §6.2.1.1, §7).
 */
export class TcpConnection implements StreamConnection, StreamHandler {
  readonly client: string;
  private readonly stream: ByteStream;
  private readonly world: TcpWorld;
  private readonly limits: ConnectionLimits;
  private readonly events: ConnectionEvents;
  private readonly frames = createFrames();
  /** Responses of many messages that are not completely written. */
  private readonly responses = new Set<Iterator<Uint8Array>>();
  /** What goes on with those that wait until the client has read some. */
  private readonly waiting: (() => void)[] = [];
  private inFlight = 0;
  private queries = 0;
  private unwritten = 0;
  /** Memory for unsent responses, and whether the client has read some since the last report. */
  private unsentOctets = 0;
  private hasTaken = false;
  /** The octets of incomplete messages that were last reported to the listener. */
  private unfinished = 0;
  private dispatching = false;
  /** Whether the connection waits while others have their turn. */
  private yielding = false;
  /** Whether the client has ended its side. */
  private hasEnded = false;
  private isClosed = false;
  /** Set once no more messages are taken, even if some are there. */
  private finishing: CloseReason | undefined;
  /** The time, on the monotonic scale, by which a message must have come. */
  private readDeadline: number;
  private readReason: CloseReason = 'read';
  /** The time by which the client must have read something. */
  private writeDeadline = Number.POSITIVE_INFINITY;

  constructor(stream: ByteStream, world: TcpWorld, limits: ConnectionLimits, events: ConnectionEvents) {
    this.stream = stream;
    this.world = world;
    this.limits = limits;
    this.events = events;
    this.client = clientKey(stream.remote.address);
    this.readDeadline = world.clock.monotonic() + limits.readMs;
    stream.open(this);
    stream.resume();
  }

  data(octets: Buffer): void {
    this.frames.push(octets);
    this.dispatch();
  }

  drained(): void {
    for (const goOn of this.waiting.splice(0)) goOn();
    this.dispatch();
  }

  ended(): void {
    this.hasEnded = true;
    this.dispatch();
  }

  flushed(): void {
    this.tellUnsent();
  }

  closed(isError: boolean): void {
    this.destroy(isError ? 'error' : (this.finishing ?? 'client'));
  }

  expire(nowMs: number): void {
    this.tellUnfinished(false);
    if (nowMs >= this.writeDeadline) this.destroy('write');
    else if (!this.finishing && nowMs >= this.readDeadline) this.finish(this.readReason);
  }

  finish(reason: CloseReason): void {
    this.finishing ??= reason;
    this.dispatch();
  }

  destroy(reason: CloseReason): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events.onClosed(this, reason);
    this.stream.destroy();
    for (const messages of this.responses) messages.return?.();
  }

  /** Passes on the messages that are there, as far as the limits allow. Then it reads on, waits or ends. */
  private dispatch(): void {
    if (this.dispatching || this.isClosed) return;
    this.dispatching = true;
    const queries = this.queries;
    for (let left = MESSAGES_IN_A_ROW; ; left--) {
      if (this.mayTake() && (left === 0 || !this.world.turns.take())) this.yield();
      const message = this.mayTake() ? this.frames.next() : undefined;
      if (!message) break;
      if (message.length >= HEADER_OCTETS) this.take(message);
    }
    this.frames.keep();
    this.dispatching = false;
    if (this.isClosed) return;
    if (this.queries > queries && this.inFlight === 0) this.events.onIdle(this);
    this.tellUnfinished(this.queries > queries);
    if (this.isClosed) return;
    const exhausted = this.finishing !== undefined || (this.hasEnded && this.mayTake());
    if (exhausted && this.inFlight === 0) this.stream.end();
    else if (this.mayTake()) this.stream.resume();
    else this.stream.pause();
  }

  /** @param progress whether a message has become complete: then its connection is the last to make room. */
  private tellUnfinished(progress: boolean): void {
    // While the client is not read, its octets wait in the stream, and count as well.
    const octets = this.frames.octets + this.stream.unread;
    if (octets === 0 && this.unfinished === 0) return;
    this.unfinished = octets;
    this.events.onUnfinished(this, octets, progress);
  }

  private mayTake(): boolean {
    const { finishing, yielding, inFlight, limits, stream } = this;
    return !finishing && !yielding && inFlight < limits.maxInFlight && !stream.isFull;
  }

  private yield(): void {
    this.yielding = true;
    this.world.turns.wait(this.client, () => {
      this.yielding = false;
      this.dispatch();
    });
  }

  private take(bytes: Buffer): void {
    const { remote: client, local } = this.stream;
    this.readReason = 'idle';
    this.readDeadline = Number.POSITIVE_INFINITY;
    this.inFlight++;
    if (++this.queries === this.limits.maxQueries) this.finishing = 'queries';
    let deferred = false;
    const defer = (): SendResponse => {
      deferred = true;
      return this.respondOnce();
    };
    const incoming: Incoming = { bytes, client, local, defer };
    const response = this.world.receive(incoming);
    if (!deferred) this.respond(response);
    else if (this.inFlight > 0) this.events.onBusy(this);
  }

  private respondOnce(): SendResponse {
    let open = true;
    return (response, following) => {
      if (!open) return;
      open = false;
      if (following) this.writeAll(following);
      else this.respond(response);
      this.dispatch();
    };
  }

  /**
   * Writes the messages of a response one by one, as the client reads them and while others have their turn. The first one is made at once: only what has
   * begun counts as under way where it is made.
   */
  private writeAll(messages: Iterator<Uint8Array>): void {
    this.responses.add(messages);
    let hasBegun = false;
    const writeNext = (): void => {
      if (this.isClosed) return;
      if (hasBegun && this.stream.isFull) return void this.waiting.push(writeNext);
      hasBegun = true;
      const next = this.pull(messages);
      if (next === undefined) return;
      if (next.done) {
        this.responses.delete(messages);
        this.respond(undefined);
        this.dispatch();
      } else {
        this.write(next.value);
        setImmediate(writeNext);
      }
    };
    writeNext();
  }

  /** The next message; undefined if making it fails. */
  private pull(messages: Iterator<Uint8Array>): IteratorResult<Uint8Array> | undefined {
    try {
      return messages.next();
    } catch {
      this.destroy('error');
      return undefined;
    }
  }

  private respond(bytes: Uint8Array | undefined): void {
    if (this.isClosed) return;
    if (bytes) this.write(bytes);
    if (--this.inFlight > 0) return;
    this.readDeadline = this.world.clock.monotonic() + this.limits.idleMs;
    if (!this.dispatching) this.events.onIdle(this);
  }

  /** Writes a response with its length, together with the others of the same tick. */
  private write(bytes: Uint8Array): void {
    if (this.unwritten++ === 0) this.writeDeadline = this.world.clock.monotonic() + this.limits.writeMs;
    const octets = bytes.length + RESPONSE_OVERHEAD_OCTETS;
    this.unsentOctets += octets;
    this.stream.write(frame(bytes), () => {
      this.unsentOctets -= octets;
      this.hasTaken = true;
      this.unwritten--;
      this.writeDeadline =
        this.unwritten === 0 ? Number.POSITIVE_INFINITY : this.world.clock.monotonic() + this.limits.writeMs;
      if (this.unwritten === 0) this.tellUnsent();
    });
  }

  private tellUnsent(): void {
    this.events.onUnsent(this, this.unsentOctets, this.hasTaken);
    this.hasTaken = false;
  }
}
