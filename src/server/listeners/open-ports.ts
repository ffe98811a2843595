import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../observe/clock.ts';
import type { Logger } from '../../observe/log.ts';
import type { Listener } from './listener.ts';
import { PageServers } from './page-servers.ts';
import type { PageBook } from './pages.ts';
import { Sockets } from './sockets.ts';

/** What an instance serves at open ports. */
interface Served {
  readonly listeners: readonly Listener[];
  readonly pages: PageBook;
  /** Called when the ports are open; `portOf` gives the real port of each listener. */
  serving(portOf: (listener: Listener) => number): Promise<void>;
}

/** All ports that the process has open, for DNS and for HTTP pages. A reload changes what is served there and leaves them open. */
export class OpenPorts {
  readonly sockets: Sockets;
  readonly pageServers: PageServers;
  private readonly log: Logger;

  /** @param reusePort whether other processes may have the same ports, too */
  constructor(clock: Clock, log: Logger, reusePort: boolean) {
    this.log = log;
    this.sockets = new Sockets(clock, log, reusePort);
    this.pageServers = new PageServers(clock, log);
  }

  /** Opens what is not open yet, and closes only sockets that are in its way. @throws CairnError when a socket cannot be opened. */
  async open({ listeners, pages }: Served): Promise<void> {
    await this.sockets.open(listeners);
    await this.pageServers.open(pages);
  }

  /** Opens again what was open before another {@link open} failed. A socket that cannot be opened again is logged. */
  async restore(served: Served | undefined): Promise<void> {
    try {
      await this.sockets.restore(served?.listeners ?? []);
      await this.pageServers.restore(served?.pages);
    } catch (error) {
      this.log.error(messageOf(error));
    }
  }

  /** Serves this from now on, and closes what it does not need within `graceMs`. */
  async handOver(next: Served, graceMs: number): Promise<void> {
    const { sockets, pageServers } = this;
    const handedOver = sockets.handOver(next.listeners);
    await pageServers.retain(next.pages);
    await next.serving((listener) => sockets.portOf(listener));
    await sockets.retain(next.listeners, graceMs);
    await handedOver;
  }
}
