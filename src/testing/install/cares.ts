import { CairnError } from '../../base/errors.ts';
import { outsidePromises } from '../../resolver/outside-promises.ts';

/** What Node.js gives a lookup to end with. The functions of `node:dns` have a callback in it, those of `node:dns/promises` two functions. */
export interface LookupRequest {
  oncomplete: (error: number | string | null, ...found: unknown[]) => void;
  readonly callback?: (error: Error) => void;
  readonly reject?: (error: Error) => void;
}

/** The c-ares channel below each `Resolver` of Node.js. */
export interface Channel {
  /** Pairs of address and port. */
  getServers(): [address: string, port: number][];
  setServers(servers: readonly [family: number, address: string, port: number][]): number;
  setLocalAddress(ipv4: string, ipv6?: string): void;
  cancel(): void;
}

/** Marks what Node.js stands on as replaced, whichever copy of this package did it, with the place of the test that wanted it. */
export const INSTALLED = Symbol.for('cairn-dns installed');

/** What all of `node:dns` calls, also functions that a program took out of it long ago. */
export interface Cares {
  [INSTALLED]?: string;
  getaddrinfo(request: LookupRequest, name: string, family: number, hints: number, order: number): number;
  getnameinfo(request: LookupRequest, address: string, port: number): number;
  readonly GetAddrInfoReqWrap: { readonly prototype: object };
  readonly GetNameInfoReqWrap: { readonly prototype: object };
  readonly ChannelWrap: { readonly prototype: Channel };
  readonly DNS_ORDER_IPV4_FIRST: number;
  readonly DNS_ORDER_IPV6_FIRST: number;
}

/** @throws CairnError where Node.js does not give it away */
export function caresBinding(): Cares {
  try {
    return (process as unknown as { binding(name: string): unknown }).binding('cares_wrap') as Cares;
  } catch (error) {
    throw new CairnError('INSTALL', `install: this process cannot become a pod: ${(error as Error).message}`);
  }
}

/** What a lookup found, as `oncomplete` takes it; `goOn` is the real lookup, for errors that are not the last word. */
interface Finding {
  readonly found: Promise<readonly unknown[]>;
  readonly goesOn?: (error: Error) => boolean;
  readonly goOn?: () => number;
}

/** Ends a request with what is found, some time later. An error goes to the program as it is, with the server's reason. */
export function settle(request: LookupRequest, { found, goesOn = () => false, goOn = () => 0 }: Finding): number {
  const fail = (error: Error) => {
    if (!goesOn(error)) return (request.reject ?? request.callback)?.(error);
    const status = goOn();
    if (status !== 0) request.oncomplete(status);
  };
  found.then(
    (all) => outsidePromises(() => request.oncomplete(null, ...all)),
    (error) => outsidePromises(() => fail(error)),
  );
  return 0;
}
