import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import { isFamilyMissing, listenTcp, listenUnix } from '../../net/listen.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Kept } from '../../plugin/env.ts';
import type { Protection } from './access.ts';
import type { Route } from './http.ts';
import type { Viewers } from './lines.ts';
import type { AdminCounts } from './metrics.ts';
import { type AdminAddress, isSameSocket } from './options.ts';
import { Pace } from './pace.ts';
import { type Exchange, serve } from './respond.ts';

/** Connections whose requests are answered. As many more are told that there are too many; further ones are closed at once. */
export const MAX_CONNECTIONS = 32;
const MAX_REFUSED_CONNECTIONS = 32;
/** Requests of a connection that have no response yet: programs and browsers send one after the other. */
const MAX_PIPELINED = 8;
/** What a client may send, and how long it may take. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
};
/** How often an address that could not be opened is tried again. */
const RETRY_MS = 1000;
/** How long the end waits for requests under way. */
const CLOSE_GRACE_MS = 1000;

/** The servers of the process that serve now, those of the last Corefile, too, until they are stopped. */
export interface OpenServers extends Kept {
  readonly servers: Set<AdminServer>;
}

interface AdminServerOptions {
  /** The address as the Corefile has it. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counts: AdminCounts;
  readonly viewers: Viewers;
  readonly open: OpenServers;
  routes(): readonly Route[];
}

/** The interface at one address. It stays open over reloads. */
export class AdminServer implements Kept {
  private readonly address: AdminAddress;
  private readonly options: AdminServerOptions;
  private readonly connections = new Set<Socket>();
  /** Connections that are told that there are too many. */
  private readonly refused = new WeakSet<Socket>();
  private readonly exchanges = new Set<Exchange>();
  private readonly pace: Pace;
  /** How many requests of a connection have no response yet. */
  private readonly pipelined = new WeakMap<Socket, number>();
  private servers: readonly Server[] = [];
  private protection: Protection | undefined;
  private opening: Promise<void> | undefined;
  private isOpening = false;
  private retry: Timer | undefined;
  private isStopped = false;
  private complaint = '';

  constructor(address: AdminAddress, options: AdminServerOptions) {
    this.address = address;
    this.options = options;
    this.pace = new Pace(options.clock, options.counts.delayed);
  }

  /** Serves with this protection from now on, and opens the address if it is not open. If that fails, it is logged and tried again. */
  async serve(protection: Protection): Promise<void> {
    this.protection = protection;
    this.opening ??= this.takeOver().then(() => this.open());
    await this.opening;
  }

  /** Stops the server of the last Corefile if this one cannot listen beside it, as for `localhost` and `127.0.0.1`. */
  private async takeOver(): Promise<void> {
    const { servers } = this.options.open;
    for (const other of servers) if (isSameSocket(other.address, this.address)) await other.stop();
    if (!this.isStopped) servers.add(this);
  }

  /** Ends viewers, and waits a moment for other requests. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.options.open.servers.delete(this);
    this.retry?.cancel();
    for (const { abort, response } of this.exchanges) {
      response.shouldKeepAlive = false;
      if (response.headersSent) abort.abort();
    }
    this.close();
    await this.finish();
    const stay = new Set([...this.exchanges].filter(({ mayEnd }) => mayEnd).map(({ message }) => message.socket));
    for (const socket of this.connections) if (!stay.has(socket)) socket.destroy();
  }

  private async open(): Promise<void> {
    const { log, clock, name, counts } = this.options;
    this.isOpening = true;
    try {
      const where = await this.listen();
      // From now on only an accept can fail, for example because the process has too many files open.
      for (const server of this.servers) server.on('error', () => counts.refusedConnections.value++);
      this.retry?.cancel();
      if (this.isStopped) this.close();
      else log.info(`the admin interface is at ${where}`);
    } catch (thrown) {
      this.close();
      if (this.isStopped) return;
      const complaint = messageOf(thrown);
      if (complaint !== this.complaint) {
        // A process that takes over from another may have to wait for its end.
        log.error(`no admin interface at ${name} yet, and it is tried again each second: ${complaint}`);
      }
      this.complaint = complaint;
      this.retry ??= clock.every(RETRY_MS, () => {
        if (!this.isOpening) this.opening = this.open();
      });
    } finally {
      this.isOpening = false;
    }
  }

  /** Returns where it can be reached. */
  private async listen(): Promise<string> {
    if (this.address.kind === 'unix') {
      await listenUnix(this.create(), this.address.path, true);
      return `unix://${this.address.path}`;
    }
    let { port } = this.address;
    for (const [i, address] of this.address.addresses.entries()) {
      try {
        port = await listenTcp(this.create(), { address, port });
      } catch (thrown) {
        // A machine without IPv6 has no ::1.
        if (i === 0 || !isFamilyMissing(thrown)) throw thrown;
      }
    }
    const host = this.options.name.replace(/:\d+$/, '');
    return `http://${host === '' ? '*' : host}:${port}/`;
  }

  private create(): Server {
    const server = createServer({ ...LIMITS, noDelay: true }, (message, response) => this.take(message, response));
    server.on('connection', (socket: Socket) => this.accept(socket));
    this.servers = [...this.servers, server];
    return server;
  }

  private close(): void {
    for (const server of this.servers) server.close();
    this.servers = [];
  }

  private accept(socket: Socket): void {
    const { counts } = this.options;
    const { size } = this.connections;
    if (size >= MAX_CONNECTIONS) counts.refusedConnections.value++;
    if (size >= MAX_CONNECTIONS + MAX_REFUSED_CONNECTIONS || this.isStopped) {
      socket.destroy();
      return;
    }
    if (size >= MAX_CONNECTIONS) this.refused.add(socket);
    // A peer that has gone without a word is found out.
    socket.setKeepAlive(true, 30_000);
    this.connections.add(socket);
    counts.connections.value++;
    socket.once('close', () => {
      this.connections.delete(socket);
      counts.connections.value--;
    });
  }

  private take(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message;
    const waiting = this.pipelined.get(socket) ?? 0;
    if (waiting >= MAX_PIPELINED) socket.destroy();
    if (socket.destroyed) return;
    this.pipelined.set(socket, waiting + 1);
    const isCrowded = this.refused.has(socket);
    if (isCrowded || this.isStopped) response.shouldKeepAlive = false;
    const exchange: Exchange = { message, response, abort: new AbortController(), isCrowded, mayEnd: false };
    this.exchanges.add(exchange);
    response.once('close', () => {
      this.pipelined.set(socket, this.pipelined.get(socket)! - 1);
      this.exchanges.delete(exchange);
      this.finished();
    });
    const begin = () => void serve({ ...this.options, protection: () => this.protection! }, exchange);
    response.once('close', this.pace.begin(begin));
  }

  private finished = () => {};

  /** Settles when no request is under way that the end must wait for, or after a second. */
  private async finish(): Promise<void> {
    const isOver = () => [...this.exchanges].every(({ mayEnd }) => mayEnd);
    if (isOver()) return;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      timer = this.options.clock.after(CLOSE_GRACE_MS, resolve);
      this.finished = () => {
        if (isOver()) resolve();
      };
    });
    timer?.cancel();
  }
}
