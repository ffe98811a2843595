import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Timer } from '../../observe/clock.ts';
import { QUIET_MS } from '../../observe/episode.ts';
import type { Logger } from '../../observe/log.ts';
import type { Peer } from '../transport.ts';
import { type ClientTls, type Dialer, tcpDialer, tlsDialer } from '../upstream/dialer.ts';
import { FrameQueue, type QueueLimit } from './queue.ts';
import { type FrameSink, RETRY_MS } from './sink.ts';
import { FrameWriter, HANDSHAKE_MS, type StreamOptions } from './writer.ts';

/** A program that records frames. Its address may be a host name. */
export type DialTarget =
  | { readonly path: string }
  | (Peer & { readonly tls: Omit<ClientTls, 'servername'> | undefined });

interface DialedSinkOptions extends StreamOptions {
  readonly limit: QueueLimit;
  readonly log: Logger;
  /** The program, for log lines. */
  readonly name: string;
}

/** Connects to a program, again and again. While there is no connection, frames wait in the queue. */
export class DialedSink implements FrameSink {
  private readonly target: DialTarget;
  private readonly options: DialedSinkOptions;
  private readonly queue: FrameQueue;
  private writer: FrameWriter | undefined;
  private retry: Timer | undefined;
  private state: 'new' | 'open' | 'stopped' = 'new';
  /** Why there was no connection, so that each reason is logged once. */
  private complaint = '';
  /** Whether the log says that there is a connection. */
  private isTold = false;
  /** When the present connection was made. */
  private connectedMs: number | undefined;
  /** Counts the attempts, which take turns with the addresses of a host. */
  private attempts = 0;
  /** Ends the attempt to connect. */
  private hangUp: (() => void) | undefined;

  constructor(target: DialTarget, options: DialedSinkOptions) {
    this.target = target;
    this.options = options;
    this.queue = new FrameQueue(options.limit);
  }

  get isWanted(): boolean {
    return this.state === 'open';
  }

  get queued(): number {
    return this.queue.frames;
  }

  get connections(): number {
    return this.writer?.state === 'open' ? 1 : 0;
  }

  open(): void {
    if (this.state !== 'new') return;
    this.state = 'open';
    void this.connect();
  }

  push(frame: Uint8Array): void {
    if (!this.queue.push(frame)) this.options.counts.full();
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
    this.retry?.cancel();
    this.hangUp?.();
    await this.writer?.finish();
    if (this.queue.frames > 0) this.options.counts.lost(this.queue.frames);
  }

  /** There is one attempt at a time. So a host name whose lookup takes long never occupies more than one of Node.js's threads. */
  private async connect(): Promise<void> {
    try {
      const dialer = await dialerFor(this.target, this.attempts++);
      if (this.state === 'open') this.dial(dialer);
    } catch (thrown) {
      this.failed(messageOf(thrown));
    }
  }

  private dial({ open, readyEvent }: Dialer): void {
    const socket = open();
    const onError = (error: Error) => fail(messageOf(error));
    const onClose = () => fail('the other side closed the connection');
    const onReady = () => {
      finish();
      this.writer = new FrameWriter(socket, this.queue, this.options, {
        onOpen: () => this.connected(),
        onClose: (reason) => this.failed(reason),
      });
    };
    const finish = () => {
      timer.cancel();
      this.hangUp = undefined;
      socket.off('error', onError).off('close', onClose).off(readyEvent, onReady);
    };
    const fail = (reason: string) => {
      finish();
      socket.on('error', () => {}).destroy();
      this.failed(reason);
    };
    const timer = this.options.clock.after(HANDSHAKE_MS, () => fail('connecting took too long'));
    this.hangUp = () => fail('stopped');
    socket.on('error', onError).on('close', onClose).on(readyEvent, onReady);
  }

  private connected(): void {
    this.connectedMs = this.options.clock.monotonic();
    if (!this.isTold) this.options.log.info(`connected to ${this.options.name}`);
    this.isTold = true;
  }

  private failed(reason: string): void {
    const { log, clock, name } = this.options;
    const livedMs = clock.monotonic() - (this.connectedMs ?? Number.POSITIVE_INFINITY);
    this.connectedMs = undefined;
    this.writer = undefined;
    if (this.state !== 'open') return;
    // A program that keeps closing its connections is not reported each time.
    if (reason !== this.complaint || livedMs >= QUIET_MS) {
      log.warning(`No connection to dnstap endpoint ${name}: ${reason}`);
      this.isTold = false;
    }
    this.complaint = reason;
    this.retry = clock.after(RETRY_MS, () => void this.connect());
  }
}

async function dialerFor(target: DialTarget, attempt: number): Promise<Dialer> {
  if ('path' in target) return { open: () => connect(target.path), readyEvent: 'connect' };
  const { address: host, port, tls } = target;
  const found = isIP(host) ? [{ address: host }] : await lookup(host, { all: true });
  const { address } = found[attempt % found.length]!;
  return tls
    ? tlsDialer({ address, port }, undefined, { ...tls, servername: host })
    : tcpDialer({ address, port }, undefined);
}
