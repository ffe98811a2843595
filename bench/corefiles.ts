import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const DISTRIBUTIONS = resolve(import.meta.dirname, '../test/corefile/distributions');

/** The Corefiles that servers are measured with, by the name of the setup. */
export const SETUPS = {
  kubeadm: 'kubeadm, cache off for the cluster',
  'kubeadm-older': 'kubeadm until 1.32, cache on',
  plain: 'A records only',
} as const;

export type Setup = keyof typeof SETUPS;

export interface CorefileParts {
  /** The key of the server block: `.` or `.:PORT`. */
  readonly key: string;
  /** The option of `kubernetes` for the source of the cluster. */
  readonly cluster: string;
  /** `ADDRESS:PORT` of the upstream. */
  readonly upstream: string;
  readonly hosts: string;
  /** The server asks its own health page, so it must know the port. */
  readonly healthPort: number;
}

/** The Corefile of a setup: that of the distribution, with other ports and paths. */
export function corefileText(setup: Setup, { key, cluster, upstream, hosts, healthPort }: CorefileParts): string {
  if (setup === 'plain') return `${key} {\n    errors\n    hosts ${hosts}\n}\n`;
  return readFileSync(`${DISTRIBUTIONS}/${setup}.Corefile`, 'utf8')
    .replace('.:53', key)
    .replace(/^( *)health \{[^}]*\}/m, `$1health 127.0.0.1:${healthPort}`)
    .replace(/^( *)ready$/m, '$1ready 127.0.0.1:0')
    .replace('prometheus :9153', 'prometheus 127.0.0.1:0')
    .replace('pods insecure', `${cluster}\n       pods insecure`)
    .replace('/etc/resolv.conf', upstream);
}
