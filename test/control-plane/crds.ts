import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readObjects } from '../interop/pod/world.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import type { Api } from './api.ts';
import { until } from './open.ts';

/** A CustomResourceDefinition, with what is read of it here. */
export type Crd = KubernetesObject & {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
};

const GATEWAY_API = 'sigs.k8s.io/gateway-api';

/** Where the modules have them, by plural. */
const FILES: Readonly<Record<string, readonly [module: string, file: string]>> = {
  ...Object.fromEntries(
    ['gateways', 'httproutes', 'grpcroutes'].map((plural) => [
      plural,
      [GATEWAY_API, `config/crd/standard/gateway.networking.k8s.io_${plural}.yaml`],
    ]),
  ),
  // Only there are all versions of it served.
  tlsroutes: [GATEWAY_API, 'config/crd/experimental/gateway.networking.k8s.io_tlsroutes.yaml'],
  dnsendpoints: ['sigs.k8s.io/external-dns', 'config/crd/standard/dnsendpoints.externaldns.k8s.io.yaml'],
  serviceimports: ['sigs.k8s.io/mcs-api', 'config/crd/multicluster.x-k8s.io_serviceimports.yaml'],
};

/**
 * Reads the CustomResourceDefinitions that their projects publish as parts of Go modules. crds/go.mod pins these; it is not that of the control plane, whose
 * dependencies they would change.
 */
export function readCrds(): readonly Crd[] {
  const cwd = join(import.meta.dirname, 'crds');
  const text = execFileSync('go', ['mod', 'download', '-json'], { cwd, encoding: 'utf8' });
  const modules: { Path: string; Dir: string }[] = JSON.parse(`[${text.trim().replaceAll(/^\}\n\{/gm, '},{')}]`);
  const folders = new Map(modules.map(({ Path, Dir }) => [Path, Dir]));
  return Object.values(FILES).flatMap(
    ([module, file]) =>
      readObjects(join(folders.get(module)!, file)).filter(({ kind }) => kind === 'CustomResourceDefinition') as Crd[],
  );
}

/** Installs definitions, and waits until their objects can be made. */
export async function install(api: Api, crds: readonly Crd[]): Promise<void> {
  for (const crd of crds) await api.create(crd);
  for (const crd of crds) await until(() => isServed(api, crd), true);
}

async function isServed(api: Api, { spec }: Crd): Promise<boolean> {
  const version = spec.versions.find(({ served }) => served)!.name;
  const listed = api.list(`/apis/${spec.group}/${version}/${spec.names.plural}`);
  return (await Promise.allSettled([listed]))[0].status === 'fulfilled';
}
