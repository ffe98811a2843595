import { messageOf } from '../errors.ts';
import { type HttpServer, openHttp, parseListenAddress } from '../net/http.ts';
import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import { PageBook } from './pages.ts';

/** The HTTP servers of the process: they stay open while the plugins behind their pages change. */
export class PageServers {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly servers = new Map<string, { readonly server: HttpServer; readonly tlsKey: string }>();

  constructor(clock: Clock, log: Logger) {
    this.clock = clock;
    this.log = log;
  }

  /**
   * Opens the addresses that are not open yet. One that cannot be opened is logged and tried again at the next reload: DNS
   * is worth more than a page.
   *
   * @throws CairnError when the text of an address is none.
   */
  async open(book: PageBook): Promise<void> {
    for (const [address, set] of book.addresses) {
      if (this.servers.get(address)?.tlsKey === set.tlsKey) continue;
      await this.makeRoom(address, book);
      const { clock, log } = this;
      try {
        const server = await openHttp(address, set.pages, { clock, log, tls: set.tls });
        this.servers.set(address, { server, tlsKey: set.tlsKey });
      } catch (error) {
        log.error(`${[...set.pages.keys()].join(', ')} will not be served: ${messageOf(error)}`);
      }
    }
  }

  /** Makes these pages the ones that are served, after others were opened in vain. */
  async restore(book: PageBook = new PageBook()): Promise<void> {
    await this.retain(book);
    await this.open(book);
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

  /** From now on these pages are served, and no others: addresses without a page are closed. */
  async retain(book: PageBook | undefined): Promise<void> {
    const over: HttpServer[] = [];
    for (const [address, { server }] of this.servers) {
      const set = book?.addresses.get(address);
      if (set) server.serve(set.pages);
      else {
        this.servers.delete(address);
        over.push(server);
      }
    }
    await Promise.all(over.map((server) => server.close()));
  }

  portOf(address: string): number | undefined {
    return this.servers.get(address)?.server.port;
  }
}
