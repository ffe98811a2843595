import { CairnError } from '../errors.ts';
import type { HttpPage, PageTls } from '../net/http.ts';

type ServePage = () => HttpPage | Promise<HttpPage>;

/** The pages of one HTTP address. */
export interface PageSet {
  readonly pages: Map<string, ServePage>;
  readonly tls: PageTls | undefined;
  /** Equal for equal certificates and demands on clients; empty for plain HTTP. */
  readonly tlsKey: string;
}

/** The HTTP pages that the plugins of one instance want served, by address and path. */
export class PageBook {
  readonly addresses = new Map<string, PageSet>();

  /** @throws CairnError when the page is taken, or the address has another certificate, or none. */
  add(address: string, path: string, serve: ServePage, tls?: PageTls): void {
    const tlsKey = printTls(tls);
    const set = this.addresses.get(address) ?? { pages: new Map<string, ServePage>(), tls, tlsKey };
    const other = 'give this one an address of its own';
    if (set.pages.has(path)) {
      throw new CairnError('PAGE', `http://${address}${path} is already served by another server block: ${other}`);
    }
    if (set.tlsKey !== tlsKey) {
      throw new CairnError('PAGE', `${address} already serves a page with another certificate, or with none: ${other}`);
    }
    set.pages.set(path, serve);
    this.addresses.set(address, set);
  }
}

function printTls(tls: PageTls | undefined): string {
  return tls ? JSON.stringify({ ...tls, cert: `${tls.cert}`, key: `${tls.key}`, ca: `${tls.ca ?? ''}` }) : '';
}
