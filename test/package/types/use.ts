import { Server } from 'cairn-dns';
import { definePlugin } from 'cairn-dns/plugin';
import { inFrontOf } from 'cairn-dns/plugin/testing';
import { createResolver } from 'cairn-dns/resolver';
import { type Cluster, startCluster } from 'cairn-dns/testing';
import { matchers } from 'cairn-dns/testing/expect';

export const cluster: Promise<Cluster> = startCluster();
export const address: Promise<string> = cluster
  .then((started) => started.pod({ namespace: 'shop' }).lookup('web'))
  .then((found) => found.address);
// @ts-expect-error: there is no such option, so the types are not `any`
startCluster({ objetcs: [] });

export { createResolver, definePlugin, inFrontOf, matchers, Server };
