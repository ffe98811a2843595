import { userInfo } from 'node:os';
import { plainRecords } from './rows.ts';

/** A server that serves the plain A records: how to ask for its version, and how it is configured and started. */
export interface PlainServer {
  readonly program: string;
  readonly versionArgs: readonly string[];
  /** The files it reads, by name, and the arguments it takes. `folder` is where they are. */
  configure(
    folder: string,
    port: number,
  ): { readonly files: Readonly<Record<string, string>>; readonly args: string[] };
}

export const knot: PlainServer = {
  program: 'knotd',
  versionArgs: ['--version'],
  configure: (folder, port) => ({
    files: {
      'knot.conf': `server:
  rundir: "${folder}"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${folder}"
zone:
  - domain: plain.test
    file: "${folder}/plain.zone"
log:
  - target: stderr
    any: error
`,
      'plain.zone': `$ORIGIN plain.test.
$TTL 3600
@ SOA ns hostmaster 1 7200 1800 86400 60
@ NS ns
ns A 192.0.2.1
${plainRecords.map(([name, address]) => `${name}. A ${address}\n`).join('')}`,
    },
    args: ['-c', `${folder}/knot.conf`],
  }),
};

export const unbound: PlainServer = {
  program: 'unbound',
  versionArgs: ['-V'],
  configure: (folder, port) => ({
    files: {
      'unbound.conf': `server:
  interface: 127.0.0.1
  port: ${port}
  num-threads: 1
  verbosity: 0
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  local-zone: "plain.test." static
${plainRecords.map(([name, address]) => `  local-data: "${name}. A ${address}"\n`).join('')}remote-control:
  control-enable: no
`,
    },
    args: ['-d', '-c', `${folder}/unbound.conf`],
  }),
};

export const dnsmasq: PlainServer = {
  program: 'dnsmasq',
  versionArgs: ['--version'],
  configure: (folder, port) => ({
    files: {
      'dnsmasq.conf': `port=${port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
user=${userInfo().username}
pid-file=
addn-hosts=${folder}/hosts
`,
    },
    args: ['--keep-in-foreground', '-C', `${folder}/dnsmasq.conf`],
  }),
};
