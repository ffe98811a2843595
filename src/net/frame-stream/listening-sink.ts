import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Timer } from '../../observe/clock.ts';
import { createEpisode } from '../../observe/episode.ts';
import type { Logger } from '../../observe/log.ts';
import { listenTcp, listenUnix } from '../listen.ts';
import { type ServerCredentials, tlsUpgrade } from '../stream/tls-server.ts';
import type { ListenTarget } from '../transport.ts';
import { FrameQueue, type QueueLimit } from './queue.ts';
import { type FrameSink, RETRY_MS } from './sink.ts';
import { FrameWriter, HANDSHAKE_MS, type StreamOptions } from './writer.ts';

/** How many programs may be connected to one address. */
export const MAX_READERS = 8;

/** Where programs connect. */
export type MeetingPoint =
  | { readonly path: string }
  | (ListenTarget & { readonly credentials: (() => ServerCredentials) | undefined });

interface ListeningSinkOptions extends StreamOptions {
  /** For each connection. */
  readonly limit: QueueLimit;
  readonly log: Logger;
  /** The address as the Corefile has it, for log lines. */
  readonly name: string;
}

/** Lets programs connect. Each gets the frames from then on, and loses only its own if it is slow. */
export class ListeningSink implements FrameSink {
  /** The port, once it is open. */
  port: number | undefined;
  private readonly at: MeetingPoint;
  private readonly options: ListeningSinkOptions;
  private readonly server: Server;
  private readonly secure = tlsUpgrade([]);
  private readonly readers = new Map<FrameWriter, FrameQueue>();
  /** Connections whose handshake is not complete. */
  private readonly guests = new Set<Socket>();
  private readonly crowded: (text: string) => void;
  private state: 'new' | 'open' | 'stopped' = 'new';
  private retry: Timer | undefined;
  private complaint = '';

  constructor(at: MeetingPoint, options: ListeningSinkOptions) {
    this.at = at;
    this.options = options;
    this.server = createServer((socket) => this.accept(socket));
    // An accept that fails, for example because the process has too many files open, must not end the process.
    this.server.on('error', () => {});
    this.crowded = createEpisode(options.clock, (text) => options.log.warning(text));
  }

  get isWanted(): boolean {
    return this.readers.size > 0;
  }

  get queued(): number {
    let frames = 0;
    for (const queue of this.readers.values()) frames += queue.frames;
    return frames;
  }

  get connections(): number {
    return this.readers.size;
  }

  open(): void {
    if (this.state !== 'new') return;
    this.state = 'open';
    void this.listen();
  }

  push(frame: Uint8Array): void {
    for (const queue of this.readers.values()) if (!queue.push(frame)) this.options.counts.full();
  }

  async stop(): Promise<void> {
    this.state = 'stopped';
    this.retry?.cancel();
    for (const guest of this.guests) guest.destroy();
    const closed = new Promise<unknown>((resolve) => this.server.close(resolve));
    await Promise.all([...this.readers.keys()].map((reader) => reader.finish()));
    await closed;
  }

  /** An older chain, or an older process, may have the address for a moment longer. */
  private async listen(): Promise<void> {
    const { log, clock, name } = this.options;
    try {
      if ('path' in this.at) await listenUnix(this.server, this.at.path);
      else this.port = await listenTcp(this.server, this.at);
      this.complaint = '';
      if (this.state === 'stopped') this.server.close();
      else log.info(`listening for dnstap sinks on ${name}${this.port === undefined ? '' : `, port ${this.port}`}`);
    } catch (thrown) {
      if (this.state === 'stopped') return;
      const reason = messageOf(thrown);
      if (reason !== this.complaint) log.error(`Failed to start dnstap listener on ${name}: ${reason}`);
      this.complaint = reason;
      this.retry = clock.after(RETRY_MS, () => void this.listen());
    }
  }

  private accept(socket: Socket): void {
    socket.on('error', () => {});
    if (this.guests.size + this.readers.size >= MAX_READERS) {
      this.crowded(`${this.options.name} has ${MAX_READERS} connections: further ones are closed`);
      socket.destroy();
      return;
    }
    this.guests.add(socket);
    const timer = this.options.clock.after(2 * HANDSHAKE_MS, () => socket.destroy());
    socket.on('close', () => {
      timer.cancel();
      this.guests.delete(socket);
    });
    const credentials = 'path' in this.at ? undefined : this.at.credentials;
    if (!credentials) {
      this.greet(socket, timer);
      return;
    }
    try {
      this.secure(socket, credentials(), (secured) => this.greet(secured, timer, socket));
    } catch {
      // A certificate or key that OpenSSL cannot read.
      socket.destroy();
    }
  }

  /** @param accepted the socket under `socket`, if that is TLS. */
  private greet(socket: Socket, timer: Timer, accepted: Socket = socket): void {
    const queue = new FrameQueue(this.options.limit);
    const writer: FrameWriter = new FrameWriter(socket, queue, this.options, {
      onOpen: () => {
        timer.cancel();
        this.guests.delete(accepted);
        this.readers.set(writer, queue);
      },
      onClose: (reason) => {
        if (queue.frames > 0) this.options.counts.lost(queue.frames);
        if (this.readers.delete(writer) && reason !== '') {
          this.options.log.debug(`a connection to ${this.options.name}: ${reason}`);
        }
      },
    });
  }
}
