import { expect } from 'vitest';
import { apiNamespace, apiService, apiSlice } from './api-objects.ts';
import type { AskedRequest } from './api-server/index.ts';
import type { WatchedCluster } from './watched-cluster.ts';

/** A small cluster for tests of how it is watched: the namespace `shop` with services and the endpoints of one. */
export const SHOP = apiNamespace('shop');
export const WEB = apiService('shop/web', '10.0.0.1');
export const DB = apiService('shop/db', '10.0.0.2');
export const ENDPOINTS = apiSlice('shop/web', 'web-1', '10.1.0.1 10.1.0.2');
export const SERVICES = '/api/v1/services';

/** The names of the services that are known. */
export const services = ({ registry }: WatchedCluster) => [...registry.services()].map(({ name }) => name).sort();
/** The lists and watches that the stand-in was asked for under a path. */
export const askedOf = ({ api }: WatchedCluster, path: string) =>
  api.requests.filter((request) => request.path === path && !isProbe(request));
/** How often the stand-in was asked for its version under a path. */
export const probesOf = ({ api }: WatchedCluster, path: string) =>
  api.requests.filter((request) => request.path === path && isProbe(request)).length;
const isProbe = ({ query }: AskedRequest) => query.limit === '1';
/** Waits for the first lists. */
export const synced = (cluster: WatchedCluster) => cluster.until(() => expect(cluster.registry.synced).toBe(true));
/** The lines of the log, but not those that tell of the first list. */
export const problems = ({ lines }: WatchedCluster) => lines.filter((line) => !line.includes('] watching '));
/** The open watch of a resource, as the stand-in sees it. */
export const watchOf = ({ api }: WatchedCluster, resource: string) =>
  api.watches.find((watch) => watch.resource === resource)!;

/** Changes something that the watch of services is not told. */
export async function missed({ api }: WatchedCluster, change: () => void): Promise<void> {
  await api.set({ silent: true, faulty: { resource: 'services' } });
  change();
  await api.set({ silent: false });
}
