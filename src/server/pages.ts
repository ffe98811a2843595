import { CairnError } from '../errors.ts';
import type { HttpPage } from '../net/http.ts';
import type { PageTls } from '../plugin/env.ts';

type ServePage = () => HttpPage | Promise<HttpPage>;

/** The pages of one HTTP address. */
export interface PageSet {
  readonly pages: Map<string, ServePage>;
  tls: PageTls | undefined;
}

/** The HTTP pages that the plugins of one instance want served, by address and path. */
export class PageBook {
  readonly addresses = new Map<string, PageSet>();

  /** @throws CairnError when the page is taken, or the address already speaks the other protocol. */
  add(address: string, path: string, serve: ServePage, tls?: PageTls): void {
    const set = this.addresses.get(address) ?? { pages: new Map<string, ServePage>(), tls };
    if (set.pages.has(path)) {
      throw new CairnError(
        'PAGE',
        `http://${address}${path} is already served by another server block: give this one an address of its own`,
      );
    }
    if ((set.tls === undefined) !== (tls === undefined)) {
      throw new CairnError(
        'PAGE',
        `${address} cannot speak HTTP and HTTPS at once: give the pages different addresses`,
      );
    }
    set.pages.set(path, serve);
    this.addresses.set(address, set);
  }
}
