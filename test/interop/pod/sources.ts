import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');

/** What the container finds mounted: folders of the node. */
export interface Volumes {
  /** Token, CA and namespace. */
  readonly account: string;
  /** The Corefile. */
  readonly config: string;
}

/** The sources of this clone as a container: a script that lays out its file system in a mount namespace. */
export function mountSources({ account, config }: Volumes): string {
  // The clone and Node.js may lie where only root may look.
  return `
    mount -t tmpfs tmpfs /run
    mkdir -p /run/secrets/kubernetes.io/serviceaccount /run/coredns /run/cairn
    : >/run/node
    mount --bind ${account} /run/secrets/kubernetes.io/serviceaccount
    mount --bind ${config} /run/coredns
    mount --bind ${ROOT} /run/cairn
    mount --bind ${process.execPath} /run/node`;
}

/** Then nothing can be written any more. */
export const MOUNT_READ_ONLY = 'for mount in /run /run/cairn /; do mount -o remount,bind,ro $mount; done';

/** The command of the container, with its user, its rights and these variables as its only environment. */
export function containerCommand(environment: readonly string[]): string[] {
  return [
    ...['env', '-i', ...environment],
    ...['setpriv', '--reuid=65532', '--regid=65532', '--clear-groups', '--no-new-privs', '--pdeathsig=KILL'],
    ...['bounding-set', 'inh-caps', 'ambient-caps'].map((set) => `--${set}=-all,+net_bind_service`),
    ...['/run/node', '/run/cairn/src/cli/main.ts', '-conf', '/run/coredns/Corefile'],
  ];
}
