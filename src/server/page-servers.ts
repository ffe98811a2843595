import { messageOf } from '../errors.ts';
import { type HttpServer, openHttp, parseListenAddress } from '../net/http.ts';
import type { Clock, Timer } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import { PageBook, type PageSet } from './pages.ts';
import { exposePageServers } from './transport-metrics.ts';

/** How often it is tried again to open what could not be opened. */
const RETRY_MS = 1000;

/** The HTTP servers of the process: they stay open while the plugins behind their pages change. */
export class PageServers {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly servers = new Map<string, { readonly server: HttpServer; readonly tlsKey: string }>();
  /** What should be open, and of that what could not be opened. */
  private wanted = new PageBook();
  private readonly missing = new Set<string>();
  private retry: Timer | undefined;
  /** One thing is done at a time. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, log: Logger, metrics: Metrics) {
    this.clock = clock;
    this.log = log;
    exposePageServers(metrics, () => [...this.servers].map(([address, { server }]) => [address, server] as const));
  }

  /**
   * Opens the addresses that are not open yet. One that cannot be opened is logged, and tried again until it is: DNS is worth more than a
   * page, and who has the port may be a server that ends as this one takes over.
   *
   * @throws CairnError when the text of an address is none.
   */
  open(book: PageBook): Promise<void> {
    return this.inTurn(() => this.openMissing(book));
  }

  /** Makes these pages the ones that are served, after others were opened in vain. */
  restore(book: PageBook = new PageBook()): Promise<void> {
    return this.inTurn(async () => {
      await this.closeOthers(book);
      await this.openMissing(book);
    });
  }

  /** From now on these pages are served, and no others: addresses without a page are closed. */
  retain(book: PageBook = new PageBook()): Promise<void> {
    return this.inTurn(() => this.closeOthers(book));
  }

  portOf(address: string): number | undefined {
    return this.servers.get(address)?.server.port;
  }

  private async openMissing(book: PageBook): Promise<void> {
    this.want(book);
    for (const [address, set] of book.addresses) {
      if (this.servers.get(address)?.tlsKey === set.tlsKey) continue;
      await this.makeRoom(address, book);
      await this.openAddress(address, set);
    }
  }

  private async openAddress(address: string, { pages, tls, tlsKey }: PageSet): Promise<void> {
    const { clock, log, missing } = this;
    const paths = [...pages.keys()].join(', ');
    try {
      const server = await openHttp(address, pages, { clock, log, tls });
      this.servers.set(address, { server, tlsKey });
      if (missing.delete(address)) log.info(`${paths} at ${address} is served now`);
    } catch (error) {
      if (!missing.has(address)) log.error(`${paths} will not be served: ${messageOf(error)}`);
      missing.add(address);
      this.retry ??= clock.every(RETRY_MS, () => void this.inTurn(() => this.tryAgain()));
    }
  }

  private async tryAgain(): Promise<void> {
    for (const address of this.missing) await this.openAddress(address, this.wanted.addresses.get(address)!);
    this.rest();
  }

  private want(book: PageBook): void {
    this.wanted = book;
    for (const address of this.missing) if (!book.addresses.has(address)) this.missing.delete(address);
    this.rest();
  }

  private rest(): void {
    if (this.missing.size > 0) return;
    this.retry?.cancel();
    this.retry = undefined;
  }

  /** Closes what has the port and will go anyway: another address, or this one with another certificate. */
  private async makeRoom(address: string, book: PageBook): Promise<void> {
    const { port } = parseListenAddress(address);
    for (const [other, { server }] of this.servers) {
      if (other !== address && (server.port !== port || book.addresses.has(other))) continue;
      this.servers.delete(other);
      await server.close();
    }
  }

  private async closeOthers(book: PageBook): Promise<void> {
    this.want(book);
    const over: HttpServer[] = [];
    for (const [address, { server }] of this.servers) {
      const set = book.addresses.get(address);
      if (set) server.serve(set.pages);
      else {
        this.servers.delete(address);
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
