import { lookup } from 'node:dns/promises';
import { CairnError } from '../../base/errors.ts';
import { type Position, printPosition } from '../../corefile/position.ts';
import type { CorefileWarning } from '../../corefile/warnings.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import { type FindPage, parseListenAddress, type ServePage } from '../../net/pages/http.ts';
import { type ListenAddress, overlaps, socketAddress, widest, wildcardOf } from '../../net/shared-sockets.ts';
import { type ListenTarget, printPeer } from '../../net/transport.ts';
import type { PageCertificate } from '../../plugin/env.ts';
import type { Listener } from './listener.ts';

/** The pages of one HTTP address, as written in the Corefile. */
interface PageSet {
  readonly text: string;
  readonly target: ListenTarget;
  readonly pages: Map<string, ServePage>;
  readonly certificate: PageCertificate | undefined;
  /** The first directive that names it. */
  readonly position: Position;
}

/** What one listening socket serves: the pages of one address, or of several that overlap. */
export interface PageSocket {
  readonly name: string;
  readonly target: ListenTarget;
  readonly sets: readonly PageSet[];
  readonly find: FindPage;
  readonly certificate: PageCertificate | undefined;
}

/** The HTTP pages of the plugins of one instance, by address and path. */
export class PageBook {
  readonly addresses = new Map<string, PageSet>();
  private planned: Promise<readonly PageSocket[]> | undefined;

  /** @throws CairnError if the page exists, or if pages at this address have another certificate, or none. */
  add(text: string, path: string, serve: ServePage, position: Position, certificate?: PageCertificate): void {
    const known = this.addresses.get(text);
    const target = parseListenAddress(text);
    const set = known ?? { text, target, pages: new Map<string, ServePage>(), certificate, position };
    if (set.pages.has(path)) throw new CairnError('PAGE', `http://${text}${path} is already served: ${OTHER_ADDRESS}`);
    const other = [...this.addresses.values()].find(
      (other) => other.certificate?.source !== certificate?.source && mayShare(target, other.target),
    );
    if (other) {
      const what = `${other.text}, at ${printPosition(other.position)}`;
      throw new CairnError('PAGE', `${what}, serves pages with another certificate, or with none: ${OTHER_ADDRESS}`);
    }
    set.pages.set(path, serve);
    this.addresses.set(text, set);
  }

  /** Warnings about pages that will not be served, as DNS has their ports. */
  warnings(listeners: readonly Pick<Listener, 'server' | 'address' | 'port'>[]): CorefileWarning[] {
    return [...this.addresses.values()].flatMap(({ text, target, position }) => {
      const taken = listeners.find(
        ({ port, address }) => port !== 0 && port === target.port && isTaken(target, address),
      );
      const message = `no page will be served at ${text}: ${taken?.server} has that port - choose another one`;
      return taken ? [{ name: 'page-port' as const, position, message }] : [];
    });
  }

  /** The sockets for the pages; host names are looked up the first time. */
  sockets(): Promise<readonly PageSocket[]> {
    this.planned ??= planSockets([...this.addresses.values()]);
    return this.planned;
  }
}

const OTHER_ADDRESS = 'give this page another address';

/** Whether two addresses may need the same socket; a host name may be any address. */
function mayShare(a: ListenTarget, b: ListenTarget): boolean {
  if (a.port !== b.port) return false;
  if (a.port === 0) return a.address === b.address;
  return isHostName(a) || isHostName(b) || overlaps(a.address, b.address);
}

/** Whether a socket of DNS on the same port prevents a page. */
function isTaken(target: ListenTarget, taken: ListenAddress): boolean {
  // Other host names are resolved later; sockets on every address overlap with all of them.
  const addresses = target.address === 'localhost' ? LOOPBACKS : [target.address];
  return addresses.some((address) => overlaps(taken, address));
}

const LOOPBACKS = ['127.0.0.1', '::1'];

interface ResolvedSet {
  readonly set: PageSet;
  readonly address: ListenAddress;
}

async function planSockets(sets: readonly PageSet[]): Promise<readonly PageSocket[]> {
  const resolved = await Promise.all(sets.map(async (set) => ({ set, address: await resolveHost(set.target) })));
  const byName = Map.groupBy(resolved, ({ set, address }) => {
    const { port } = set.target;
    if (port === 0) return set.text;
    const beside = resolved.filter((other) => other.set.target.port === port);
    const shared = socketAddress(
      address,
      beside.map((other) => other.address),
    );
    return printPeer({ address: shared ?? '', port });
  });
  return [...byName].map(([name, sharing]) => socketOf(name, sharing));
}

function socketOf(name: string, sharing: readonly ResolvedSet[]): PageSocket {
  const [{ set }] = sharing as [ResolvedSet];
  const { port } = set.target;
  const addresses = sharing.map(({ address }) => address);
  const main = widest(addresses);
  // If the most specific address does not have the page, a wider one may.
  const find: FindPage = (path, local) => {
    for (const address of [local, wildcardOf(local), main]) {
      const found = sharing.find((other) => other.address === address && other.set.pages.has(path));
      if (found) return found.set.pages.get(path);
    }
    return undefined;
  };
  const target = { port, address: port === 0 ? set.target.address : socketAddress(main, addresses) };
  return { name, target, sets: sharing.map((each) => each.set), find, certificate: set.certificate };
}

function isHostName({ address }: ListenTarget): boolean {
  return address !== undefined && canonicalAddress(address) === undefined;
}

/** The address of the target. A name that cannot be looked up stays, so that listening fails and is tried again. */
async function resolveHost(target: ListenTarget): Promise<ListenAddress> {
  const { address } = target;
  if (address === undefined || !isHostName(target)) return address;
  const found = await lookup(address).catch(() => undefined);
  return found ? canonicalAddress(found.address) : address;
}
