import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../observe/clock.ts';
import { createFrames, frame } from '../stream/frames.ts';
import { type Peer, printPeer } from '../transport.ts';
import { tcpDialer } from './dialer.ts';
import { systemError, timeoutError, UpstreamError } from './error.ts';
import { answers, idOf, withId } from './match.ts';

/** A query whose response may have many messages (RFC 5936 §2.2). */
export interface StreamQuery {
  readonly query: Uint8Array;
  /** How long to wait for the connection and the first message, and then for each message, in milliseconds. */
  readonly timeoutMs: number;
  /** Takes the messages one by one; true for the last one. What it throws ends the exchange, and the connection. */
  take(message: Uint8Array): boolean;
}

interface Exchange extends StreamQuery {
  readonly id: number;
  readonly sent: Uint8Array;
  isFirst: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Exchanges with a server over one TCP connection, one after the other. It opens with the first one, and an exchange that fails closes it. */
export class StreamSession {
  private readonly clock: Clock;
  private readonly to: Peer;
  private readonly path: string;
  private socket: Socket | undefined;
  private frames = createFrames();
  private isConnected = false;
  private exchange: Exchange | undefined;
  private timer: Timer | undefined;

  constructor(to: Peer, clock: Clock) {
    this.clock = clock;
    this.to = to;
    this.path = `tcp ${printPeer(to)}`;
  }

  /** @throws UpstreamError (as a rejection), and what `take` throws */
  ask(asked: StreamQuery): Promise<void> {
    const id = randomInt(0x10000);
    return new Promise((resolve, reject) => {
      this.exchange = { ...asked, id, sent: withId(asked.query, id), isFirst: true, resolve, reject };
      this.wait();
      if (!this.socket) this.open();
      else if (this.isConnected) this.send();
    });
  }

  /** Ends the session; an exchange under way fails with the reason. */
  close(reason: unknown): void {
    const { exchange, socket } = this;
    this.timer?.cancel();
    this.exchange = undefined;
    this.socket = undefined;
    this.isConnected = false;
    socket?.removeAllListeners().on('error', () => {});
    socket?.destroy();
    exchange?.reject(reason);
  }

  private open(): void {
    const socket = tcpDialer(this.to, undefined).open();
    this.socket = socket;
    this.frames = createFrames();
    socket.on('connect', () => {
      this.isConnected = true;
      this.send();
    });
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', (thrown) => {
      this.close(systemError(this.path, this.isConnected ? 'read' : 'connect', thrown));
    });
    socket.on('close', () => {
      this.close(new UpstreamError('closed', `${this.path}: the connection was closed before the end`));
    });
  }

  private send(): void {
    if (this.exchange) this.socket!.write(frame(this.exchange.sent));
  }

  private wait(): void {
    this.timer?.cancel();
    this.timer = this.clock.after(this.exchange!.timeoutMs, () => this.close(timeoutError(this.path)));
  }

  private take(chunk: Buffer): void {
    this.frames.push(chunk);
    if (this.exchange) this.wait();
    try {
      for (let message = this.frames.next(); message; message = this.frames.next()) {
        const { exchange } = this;
        // Only the first message must have the question (RFC 5936 §2.2.1).
        if (!exchange || (exchange.isFirst ? !answers(message, exchange.sent) : idOf(message) !== exchange.id)) {
          throw new UpstreamError('malformed', `${this.path}: a message does not belong to the query`);
        }
        exchange.isFirst = false;
        if (exchange.take(message)) this.finish(exchange);
      }
    } catch (thrown) {
      this.close(thrown);
    }
  }

  private finish({ resolve }: Exchange): void {
    this.timer?.cancel();
    this.exchange = undefined;
    resolve();
  }
}
