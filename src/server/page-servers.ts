import { type HttpServer, openHttp } from '../net/http.ts';
import type { Clock } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import type { PageBook, PageSet } from './pages.ts';

/** The HTTP servers of the process: they stay open while the plugins behind their pages change. */
export class PageServers {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly servers = new Map<string, { readonly server: HttpServer; readonly tlsKey: string }>();

  constructor(clock: Clock, log: Logger) {
    this.clock = clock;
    this.log = log;
  }

  /** Opens the addresses that are not open yet. @throws CairnError when one cannot be opened. */
  async open(book: PageBook): Promise<void> {
    for (const [address, set] of book.addresses) {
      const known = this.servers.get(address);
      if (known?.tlsKey === tlsKey(set)) continue;
      await known?.server.close();
      const { clock, log } = this;
      const server = await openHttp(address, set.pages, { clock, log, tls: set.tls });
      this.servers.set(address, { server, tlsKey: tlsKey(set) });
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

/** What a server's certificate depends on: when it changes, the address must be opened anew. */
function tlsKey({ tls }: PageSet): string {
  return tls ? JSON.stringify({ ...tls, cert: `${tls.cert}`, key: `${tls.key}`, ca: `${tls.ca ?? ''}` }) : '';
}
