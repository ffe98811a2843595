/*
 * Makes this process a pod of the test's cluster, so that programs need no change. Begin here: node-dns.ts replaces what looks names up,
 * connections.ts and datagrams.ts what connects and sends, and routes.ts says where that goes. It never leaves anything replaced after it is disposed.
 */

import { syncBuiltinESMExports } from 'node:module';
import { CairnError } from '../../base/errors.ts';
import type { Service } from '../../registry/records.ts';
import { checkKnown } from '../known-options.ts';
import type { PodOptions } from '../pod-options.ts';
import { networkOf, type PodChoice, type PodResolver } from '../pods.ts';
import { caresBinding, INSTALLED } from './cares.ts';
import { installConnections } from './connections.ts';
import { installDatagrams } from './datagrams.ts';
import { installDns } from './node-dns.ts';
import { createOutside, type Inside, isOutside } from './outside.ts';
import { createPodDns } from './pod-dns.ts';
import { portsOfPod } from './pod-routes.ts';
import { createReplacements, type Replacements } from './replacements.ts';
import { idOf, plainName, type Surroundings } from './route.ts';
import { createRoutes } from './routes.ts';
import { readServe, type Servable, type Serve } from './targets.ts';

export interface InstallOptions {
  /** The pod that this process is: as for `cluster.pod`. */
  readonly as: PodChoice | ({ readonly namespace: string; readonly name?: string } & PodOptions);
  /** What answers for Services, Pods and `externals`: servers, bound sockets of `node:dgram`, or ports of 127.0.0.1. */
  readonly serve?: Serve;
  /** Whether names and addresses outside of the cluster go to the real resolver and the network. By default they fail, and disposing tells them. */
  readonly passThrough?: boolean;
}

/** This process as a pod. `await using` makes it what it was at the end of its block. */
export interface Installed extends AsyncDisposable {
  readonly pod: PodResolver;
  /** The names and addresses outside of the cluster that the program wanted so far, without `passThrough`. */
  readonly unexpected: readonly string[];
  /** @throws CairnError that names what was unexpected; everything is as it was before all the same */
  dispose(): Promise<void>;
}

/** The cluster that the process is a pod of. */
export interface Installing extends Surroundings, Inside {
  pod(choice: PodChoice): PodResolver;
}

/** @throws CairnError for options that are not valid, and in a process that is a pod already; then nothing changes */
export function install(cluster: Installing, options: InstallOptions): Installed {
  const { as, serve: served = {}, passThrough = false } = checkOptions(options);
  const cares = caresBinding();
  if (cares[INSTALLED] !== undefined) {
    const since = cares[INSTALLED] === '' ? '' : `, since ${cares[INSTALLED]}`;
    const remedy = 'dispose of what the first `install` returned, such as with `await using`';
    throw wrong(`this process is a pod already${since}: ${remedy}`);
  }
  const pod = cluster.pod(as as PodChoice);
  const targets = readServe(served, servableIn(cluster));
  const dns = createPodDns(cluster, pod);
  const own = networkOf(pod).addresses;
  const outside = createOutside();
  const replacements = createReplacements();
  const goesOn = ({ code }: NodeJS.ErrnoException, name: string) => {
    if (code !== 'ENOTFOUND' || !isOutside(name, cluster)) return false;
    if (!passThrough) outside.note(name);
    return passThrough;
  };
  const routes = createRoutes(cluster, targets, { passThrough, nameServers: dns.addresses });
  const begin = () => {
    replacements.replace(cares, INSTALLED, () => placeOf(install));
    const connections = installConnections(replacements, { routes: dns.connections(routes), outside, own });
    installDatagrams(replacements, dns.datagrams(routes), outside);
    installDns(replacements, pod, goesOn);
    return connections;
  };
  const connections = undoneIfItFails(begin, replacements);
  syncBuiltinESMExports();
  const { registry } = cluster;
  const isThere = (address: string) => registry.podsAt(address).length > 0 || registry.endpointsAt(address).length > 0;
  const ignoreChanges = cluster.objects.onChange(() => connections.endGone(isThere));

  let isDisposed = false;
  const dispose = async () => {
    if (isDisposed) return;
    isDisposed = true;
    ignoreChanges();
    replacements.restore();
    syncBuiltinESMExports();
    targets.stop();
    dns.stop();
    await connections.destroy();
    outside.report();
  };
  return {
    pod,
    get unexpected() {
      return outside.list();
    },
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

const OPTIONS = ['as', 'serve', 'passThrough'];

function checkOptions(options: InstallOptions): InstallOptions {
  checkKnown('install', options, OPTIONS, 'INSTALL');
  if (options.as === undefined) throw wrong("install: say which pod this process is: `as: { namespace: 'shop' }`");
  const { passThrough = false } = options;
  if (typeof passThrough !== 'boolean')
    throw wrong(`install: passThrough is ${JSON.stringify(passThrough)}, it should be true or false`);
  return options;
}

function servableIn(cluster: Installing): Servable {
  const { registry, externals } = cluster;
  const services = [...registry.services()];
  const isAlias = ({ type }: Service) => type === 'ExternalName';
  const pods = [...registry.pods()].map((pod) => [idOf(pod), portsOfPod(cluster, pod)] as const);
  const own = services
    .filter((service) => !isAlias(service))
    .map((service) => [idOf(service), service.ports.filter(({ port }) => port > 0)] as const);
  const ids = new Map(own.map(([id]) => [nameOf(id, cluster.zone), id]));
  const aliases = services.filter(isAlias).map((service) => {
    const name = plainName(service.externalName);
    return [idOf(service), ids.get(name) ?? name] as const;
  });
  const outside = externals.flatMap(({ names, address }) => names.map((name) => ({ name: plainName(name), address })));
  const byName = Map.groupBy(outside, ({ name }) => name);
  return {
    // A Service and a Pod may have the same name: what `serve` names stands for both.
    objects: new Map(
      [...Map.groupBy([...own, ...pods], ([id]) => id)].map(([id, all]) => [id, all.flatMap(([, ports]) => ports)]),
    ),
    externals: new Map([...byName].map(([name, all]) => [name, all.map(({ address }) => address)])),
    aliases: new Map(aliases),
  };
}

/** The whole name of a service. */
function nameOf(id: string, zone: string): string {
  return plainName(`${id.split('/').reverse().join('.')}.svc.${zone}`);
}

/** Where the test called, for the next `install`; empty if the stack does not say it. */
function placeOf(called: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, called);
  // The first line is the error. Then come methods of the cluster, all in one file.
  const places = holder.stack?.split('\n').map((line) => /\(?([^()\s]+):(\d+:\d+)\)?$/.exec(line)) ?? [];
  const own = places[1]?.[1];
  const [, file = '', place = ''] = places.slice(1).find((found) => found?.[1] !== own) ?? [];
  return file && `${file}:${place}`;
}

function undoneIfItFails<T>(begin: () => T, replacements: Replacements): T {
  try {
    return begin();
  } catch (error) {
    replacements.restore();
    throw error;
  }
}

const wrong = (text: string) => new CairnError('INSTALL', text);
