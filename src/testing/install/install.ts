/*
 * Makes this process a pod of the test's cluster, so that programs need no change. Begin here: node-dns.ts replaces what looks names up,
 * connections.ts what connects, and routes.ts says where connections go. It never leaves anything replaced after it is disposed.
 */

import { syncBuiltinESMExports } from 'node:module';
import { CairnError } from '../../base/errors.ts';
import type { Service } from '../../registry/records.ts';
import { checkKnown } from '../known-options.ts';
import type { PodOptions } from '../pod-options.ts';
import type { PodChoice, PodResolver } from '../pods.ts';
import { caresBinding, INSTALLED } from './cares.ts';
import { installConnections } from './connections.ts';
import { installDns } from './node-dns.ts';
import { createOutside, type Inside, isOutside } from './outside.ts';
import { createReplacements } from './replacements.ts';
import { idOf, type Surroundings } from './route.ts';
import { createRoutes, printExternal } from './routes.ts';
import { readServe, type Servable, type Serve } from './targets.ts';

export interface InstallOptions {
  /** The pod that this process is: as for `cluster.pod`. */
  readonly as: PodChoice | ({ readonly namespace: string; readonly name?: string } & PodOptions);
  /** What answers for Services, Pods and `externals`: servers, or ports of 127.0.0.1. */
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

export function install(cluster: Installing, options: InstallOptions): Installed {
  const { as, serve = {}, passThrough = false } = checkOptions(options);
  const cares = caresBinding();
  if (INSTALLED in cares) {
    throw wrong(
      'this process is a pod already: dispose of what the first `install` returned, such as with `await using`',
    );
  }
  const pod = cluster.pod(as as PodChoice);
  const targets = readServe(serve, servableIn(cluster));
  const outside = createOutside();
  const replacements = createReplacements();
  const goesOn = ({ code }: NodeJS.ErrnoException, name: string) => {
    if (code !== 'ENOTFOUND' || !isOutside(name, cluster)) return false;
    if (!passThrough) outside.note(name);
    return passThrough;
  };
  const connections = installConnections(replacements, createRoutes(cluster, targets, passThrough), outside);
  installDns(replacements, pod, goesOn);
  replacements.replace(cares, INSTALLED, () => true);
  syncBuiltinESMExports();

  let isDisposed = false;
  const dispose = async () => {
    if (isDisposed) return;
    isDisposed = true;
    replacements.restore();
    syncBuiltinESMExports();
    targets.stop();
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
  return options;
}

function servableIn({ registry, externals }: Installing): Servable {
  const services = [...registry.services()];
  const isAlias = ({ type }: Service) => type === 'ExternalName';
  const objects = [...services.filter((service) => !isAlias(service)), ...registry.pods()];
  const outside = externals.flatMap(({ names }) => names.map(printExternal));
  const aliases = services
    .filter(isAlias)
    .map((service) => [idOf(service), printExternal(service.externalName)] as const);
  return { names: [...objects.map(idOf), ...outside], aliases: new Map(aliases) };
}

const wrong = (text: string) => new CairnError('INSTALL', text);
