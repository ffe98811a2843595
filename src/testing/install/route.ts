import type { Prefix } from '../../dns/ip.ts';
import type { Peer } from '../../net/transport.ts';
import type { HostEntry } from '../../plugins/hosts/entries.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';
import type { PodManifest } from '../../sources/manifests/manifest.ts';
import type { ObjectStore } from '../../sources/memory/object-store.ts';
import type { Protocol } from './ports.ts';
import type { Served } from './served.ts';

/** What a connection or a datagram is for. */
export interface Target extends Peer {
  readonly protocol: Protocol;
}

/** Where a connection or a datagram goes. */
export type Route =
  /** To the address as it is, which is this machine's. */
  | { readonly kind: 'own' }
  /** To the address as it is, outside of the cluster. */
  | { readonly kind: 'pass' }
  /** To what stands for a pod or an endpoint at an address of the cluster, if there is one. */
  | { readonly kind: 'to'; readonly peer: Peer; readonly endpoint: string | undefined }
  /** To the cluster's DNS. */
  | { readonly kind: 'dns' }
  | { readonly kind: 'refused'; readonly why: string; readonly isOutside?: boolean };

/** Where a connection goes. */
export type TcpRoute = Exclude<Route, { readonly kind: 'dns' }>;

/** The cluster to which they go. */
export interface Surroundings {
  readonly registry: ReadonlyRegistry;
  readonly objects: ObjectStore;
  readonly serviceCidrs: readonly Prefix[];
  readonly podCidrs: readonly Prefix[];
  /** All pods, with those that workloads make. */
  pods(): readonly PodManifest[];
  readonly externals: readonly HostEntry[];
}

export const OWN: Route = { kind: 'own' };
export const PASS: Route = { kind: 'pass' };
export const DNS: Route = { kind: 'dns' };

export function refused(why: string): TcpRoute {
  return { kind: 'refused', why };
}

/** @param what the target, for messages */
export function routeTo(served: Served, what: string, endpoint?: string): TcpRoute {
  const peer = served.peer();
  return peer ? { kind: 'to', peer, endpoint } : refused(`${what}: the server that stands for it is closed`);
}

/** As `serve` names it. */
export function idOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

export function printPeer({ address, port }: Peer): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A name outside of the cluster as `externals` and `serve` may name it: without the dot at the end, in lower case. */
export function plainName(name: string): string {
  return name.replace(/\.$/, '').toLowerCase();
}
