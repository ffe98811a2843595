import { messageOf } from '../../base/errors.ts';
import { type HttpServer, openHttp } from '../../net/pages/http.ts';
import { overlaps } from '../../net/shared-sockets.ts';
import type { ListenTarget } from '../../net/transport.ts';
import type { Clock, Timer } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import { PageBook, type PageSocket } from './pages.ts';

/** How often an address that could not be opened is tried again. */
const RETRY_MS = 1000;

interface OpenServer {
  readonly server: HttpServer;
  readonly target: ListenTarget;
  readonly tlsKey: string;
}

/** The HTTP servers of the process: they stay open while the plugins behind their pages change. */
export class PageServers {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly servers = new Map<string, OpenServer>();
  /** The sockets that should be open, and those of them that could not be opened. */
  private wanted: readonly PageSocket[] = [];
  private readonly missing = new Set<string>();
  private retry: Timer | undefined;
  /** Changes are made one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, log: Logger) {
    this.clock = clock;
    this.log = log;
  }

  /**
   * Opens the addresses that are not open yet. If one cannot be opened, that is logged, and it is tried again later. DNS is served without it: the
   * port may belong to a server that ends when this one takes over.
   */
  open(book: PageBook): Promise<void> {
    return this.inTurn(async () => this.openMissing(await book.sockets()));
  }

  /** Serves these pages again after opening others has failed. */
  restore(book: PageBook = new PageBook()): Promise<void> {
    return this.inTurn(async () => {
      const sockets = await book.sockets();
      await this.closeOthers(sockets);
      await this.openMissing(sockets);
    });
  }

  /** Serves only these pages from now on. Addresses without a page are closed. */
  retain(book: PageBook = new PageBook()): Promise<void> {
    return this.inTurn(async () => this.closeOthers(await book.sockets()));
  }

  /** The servers that are open now, by address. */
  get all(): readonly (readonly [address: string, HttpServer])[] {
    return [...this.servers].map(([address, { server }]) => [address, server]);
  }

  /** The actual port of an address that a plugin has named. */
  portOf(address: string): number | undefined {
    const socket = this.wanted.find(({ sets }) => sets.some(({ text }) => text === address));
    return socket && this.servers.get(socket.name)?.server.port;
  }

  private async openMissing(sockets: readonly PageSocket[]): Promise<void> {
    this.want(sockets);
    for (const socket of sockets) {
      if (this.servers.get(socket.name)?.tlsKey === tlsKeyOf(socket)) continue;
      await this.makeRoom(socket);
      await this.openSocket(socket);
    }
  }

  private async openSocket(socket: PageSocket): Promise<void> {
    const { clock, log, missing } = this;
    const { name, sets, target, find, certificate } = socket;
    const paths = sets.flatMap(({ pages }) => [...pages.keys()]).join(', ');
    try {
      const tlsKey = tlsKeyOf(socket);
      const server = await openHttp(target, find, { clock, log, tls: certificate?.current() });
      this.servers.set(name, { server, target, tlsKey });
      if (missing.delete(name)) log.info(`${paths} at ${name} is served now`);
    } catch (error) {
      if (!missing.has(name)) log.error(`${paths} will not be served: ${messageOf(error)}`);
      missing.add(name);
      this.retry ??= clock.every(RETRY_MS, () => void this.inTurn(() => this.tryAgain()));
    }
  }

  private async tryAgain(): Promise<void> {
    for (const socket of this.wanted) if (this.missing.has(socket.name)) await this.openSocket(socket);
    this.rest();
  }

  private want(sockets: readonly PageSocket[]): void {
    this.wanted = sockets;
    for (const name of this.missing) if (!sockets.some((socket) => socket.name === name)) this.missing.delete(name);
    this.rest();
  }

  private rest(): void {
    if (this.missing.size > 0) return;
    this.retry?.cancel();
    this.retry = undefined;
  }

  /** Closes a socket that has the port and is no longer wanted: another address, or this one with another certificate. */
  private async makeRoom({ name, target }: PageSocket): Promise<void> {
    for (const [other, { server, target: taken }] of this.servers) {
      const isWanted = this.wanted.some((socket) => socket.name === other);
      const isInTheWay = server.port === target.port && overlaps(taken.address, target.address);
      if (other !== name && (isWanted || !isInTheWay)) continue;
      this.servers.delete(other);
      await server.close();
    }
  }

  private async closeOthers(sockets: readonly PageSocket[]): Promise<void> {
    this.want(sockets);
    const over: HttpServer[] = [];
    for (const [name, { server }] of this.servers) {
      const socket = sockets.find((socket) => socket.name === name);
      if (socket) server.serve(socket.find);
      else {
        this.servers.delete(name);
        over.push(server);
      }
    }
    await Promise.all(over.map((server) => server.close()));
  }

  private inTurn(run: () => Promise<void>): Promise<void> {
    const turn = this.turn.then(run);
    this.turn = turn.catch(() => {});
    return turn;
  }
}

/** A key that is equal for equal certificates and client authentication; empty for plain HTTP. */
function tlsKeyOf({ certificate }: PageSocket): string {
  if (!certificate) return '';
  const { cert, key, ca = '', ...demands } = certificate.current();
  return JSON.stringify({ ...demands, cert: `${cert}`, key: `${key}`, ca: `${ca}` });
}
