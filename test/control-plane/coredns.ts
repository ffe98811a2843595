import { type Compared, serveWithCoredns } from '../interop/compare/servers.ts';
import type { Settings } from '../interop/compare/settings.ts';
import { folderOf } from '../interop/pod/folder.ts';
import { type ControlPlane, certificateUser, kubeconfigOf } from './control-plane.ts';

/** Serves a cluster with CoreDNS, with every right, once for each of the settings. It ends with the control plane. */
export async function startCoredns(
  plane: ControlPlane,
  program: string,
  settings: readonly Settings[],
  upstream: string,
): Promise<Compared> {
  const kubeconfig = kubeconfigOf(plane.url, plane.authority.cert, certificateUser(plane.admin));
  const folder = folderOf({ kubeconfig }, plane.stops);
  const coredns = await serveWithCoredns(
    program,
    { folder, settings, upstream },
    `kubeconfig ${folder}/kubeconfig test`,
  );
  plane.stops.push(() => coredns.stop());
  return coredns;
}
