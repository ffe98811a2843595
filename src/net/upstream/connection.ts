import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { TransientMap } from '../../base/transient-map.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import { localOf } from '../addresses.ts';
import { createFrames, frame } from '../stream/frames.ts';
import { type Peer, printPeer } from '../transport.ts';
import type { Dialer, DialTimeout } from './dialer.ts';
import { type Hold, systemError, timeoutError, UpstreamError } from './error.ts';
import { answers, idOf, withId } from './match.ts';
import type { ConnectionEvents, UpstreamConnection } from './pool.ts';

interface ConnectionOptions extends ConnectionEvents {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly dialTimeout: DialTimeout;
}

interface Pending {
  readonly sent: Buffer;
  readonly hold: Hold | undefined;
  resolve(response: Uint8Array): void;
  reject(error: UpstreamError): void;
}

/** A TCP or TLS connection to an upstream; responses may come in any order (RFC 7766 §6.2.1, RFC 7858 §3.3). */
export class Connection implements UpstreamConnection {
  readonly bornMs: number;
  private readonly options: ConnectionOptions;
  private readonly socket: Socket;
  private readonly pending = new TransientMap<number, Pending>();
  /** Runs while the connection is being opened. */
  private dialTimer: Timer | undefined;
  /** The present step of the connection, for error texts. */
  private path: string;
  private retired = false;
  private hasReplied = false;

  /** Begins to connect; queries may be sent at once. */
  constructor(to: Peer, options: ConnectionOptions) {
    const { clock, dialer, dialTimeout } = options;
    this.options = options;
    this.bornMs = clock.monotonic();
    this.path = `dial tcp ${printPeer(to)}`;
    this.socket = dialer.open();
    this.dialTimer = clock.after(dialTimeout.ms, () => this.fail(timeoutError(this.path)));
    this.listen(this.socket.setNoDelay(true), to);
  }

  get inFlight(): number {
    return this.pending.size;
  }

  get proven(): boolean {
    return this.hasReplied;
  }

  exchange(query: Uint8Array, timeoutMs: number, hold?: Hold): Promise<Uint8Array> {
    const id = this.freeId();
    const sent = withId(query, id);
    return new Promise((resolve, reject) => {
      // A connection on which a query times out may be dead or stuck. No new queries are sent over it.
      const timer = this.options.clock.after(timeoutMs, () => {
        this.retire();
        entry.reject(timeoutError(this.path));
      });
      const finishing =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          timer.cancel();
          if (hold) hold.cancel = undefined;
          this.finish(id);
          settle(value);
        };
      const entry: Pending = { sent, hold, resolve: finishing(resolve), reject: finishing(reject) };
      this.pending.set(id, entry);
      if (hold) hold.cancel = entry.reject;
      if (!this.dialTimer) this.send(entry);
    });
  }

  retire(): void {
    if (!this.retired) {
      this.retired = true;
      this.options.onRetired();
    }
    if (this.pending.size === 0) this.close();
  }

  private listen(socket: Socket, to: Peer): void {
    const frames = createFrames();
    socket.on(this.options.dialer.readyEvent, () => {
      const { localAddress = '', localPort = 0 } = socket;
      this.path = `read tcp ${printPeer({ address: localAddress, port: localPort })}->${printPeer(to)}`;
      this.endDial();
      for (const entry of this.pending.values()) this.send(entry);
    });
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      for (let response = frames.next(); response; response = frames.next()) this.take(response);
    });
    socket.on('error', (thrown) => this.fail(systemError(this.path, this.dialTimer ? 'connect' : 'read', thrown)));
    socket.on('end', () => this.fail(new UpstreamError('closed', `${this.path}: EOF`)));
    socket.on('close', () => this.fail(new UpstreamError('closed', `${this.path}: connection closed`)));
  }

  private send({ sent, hold }: Pending): void {
    this.socket.write(frame(sent));
    hold?.onSent?.(idOf(sent), localOf(this.socket));
  }

  private take(response: Uint8Array): void {
    const query = this.pending.get(idOf(response));
    if (!query || !answers(response, query.sent)) return;
    this.hasReplied = true;
    query.resolve(response);
  }

  private finish(id: number): void {
    this.pending.delete(id);
    if (this.pending.size > 0) return;
    if (this.retired) this.close();
    else this.options.onIdle();
  }

  private fail(error: UpstreamError): void {
    this.endDial();
    this.retire();
    for (const { reject } of this.pending.values()) reject(error);
  }

  private close(): void {
    this.endDial();
    this.socket.destroy();
  }

  private endDial(): void {
    if (!this.dialTimer) return;
    this.dialTimer.cancel();
    this.dialTimer = undefined;
    this.options.dialTimeout.observe(this.options.clock.monotonic() - this.bornMs);
  }

  /** A random id that no query in flight has. */
  private freeId(): number {
    for (;;) {
      const id = randomInt(0x10000);
      if (!this.pending.get(id)) return id;
    }
  }
}
