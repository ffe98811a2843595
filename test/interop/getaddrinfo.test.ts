import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { canRun, run } from '../support/tools.ts';
import { compileGetaddrinfo } from './resolver/getaddrinfo.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

const COREFILE = `.:53 {
  bind 127.0.0.1
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    manifests ${resolve(import.meta.dirname, '../acceptance/cluster.yaml')}
    pods insecure
  }
}
`;

/** A network and mount namespace of its own, in which a resolv.conf such as the kubelet writes leads to our server on port 53. */
const SCRIPT = `
ip link set lo up
mount --bind resolv.conf /etc/resolv.conf
mount --bind nsswitch.conf /etc/nsswitch.conf
: >server.log
"$0" "$1" -conf Corefile >server.log 2>&1 &
server=$!
for i in $(seq 500); do grep -q Cairn server.log && break; sleep 0.1; done
for name in $2; do echo "$name: $(getent ahosts "$name" | awk '$2 == "STREAM" { print $1 }' | sort | tr '\\n' ' ')"; done
kill "$server"
wait "$server"
`;

const inNamespace = canRun('unshare', ['-rnm', 'sh', '-c', 'ip link set lo up']);

test.runIf(inNamespace)("glibc's resolver finds services by short names, through search list and ndots", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-getent-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const search = 'default.svc.cluster.local svc.cluster.local cluster.local';
  writeFileSync(join(folder, 'resolv.conf'), `search ${search}\nnameserver 127.0.0.1\noptions ndots:5\n`);
  writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: dns\n');
  writeFileSync(join(folder, 'Corefile'), COREFILE);
  const names =
    'service-test service-headless db-1.db.prod myapp.prod.svc itom-alarm-dm-svc.dev kubernetes.default.svc.cluster.local. nope';
  const { stdout, stderr } = await run('unshare', ['-rnm', 'sh', '-c', SCRIPT, process.execPath, MAIN, names], {
    cwd: folder,
  });
  expect(stderr).toBe('');
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'service-test: 10.102.251.155',
    'service-headless: 10.244.3.215 10.244.3.216 10.244.4.94',
    'db-1.db.prod: 10.244.5.11',
    'myapp.prod.svc: 10.105.226.215',
    'itom-alarm-dm-svc.dev: fd00:10:96::f1cf',
    'kubernetes.default.svc.cluster.local.: 10.96.0.1',
    'nope:',
  ]);
});

/** As above; what asks is a program that prints what getaddrinfo says of each name. */
const ASKING = SCRIPT.replace(/^for name .*$/m, '"$3" $2');

/** A server that knows no name, for the others to forward to. */
const DENYING = '.:5300 {\n bind 127.0.0.1\n template ANY ANY {\n  rcode NXDOMAIN\n }\n}\n';
const TEMPLATES = `template IN A {
    match ^(keycloak|mqtt)\\.local\\.$
    answer "{{ .Name }} 60 IN A 192.0.2.55"
    fallthrough
  }
  template IN A actors.sub.test {
    match ^[a-z0-9-]+\\.actors\\.sub\\.test\\.$
    answer "{{ .Name }} 60 IN A 198.51.100.10"
  }`.replaceAll('\\\\', '\\');
const ROOT_ZONE = '@ 60 IN SOA ns h 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n';

for (const library of ['musl', 'glibc'] as const) {
  const command = inNamespace ? compileGetaddrinfo(library) : undefined;
  test.runIf(command).each([
    ['alone', ''],
    ['in front of forward', 'forward . 127.0.0.1:5300\n  cache'],
    ['in front of file', 'file zone .'],
    [
      'in front of kubernetes',
      `kubernetes . {\n    manifests ${resolve(import.meta.dirname, '../acceptance/cluster.yaml')}\n  }`,
    ],
    ['in front of hosts', 'hosts none {\n    192.0.2.99 other.test\n  }'],
  ])(`${library}'s getaddrinfo finds what a template for IPv4 makes, %s`, async (_, below) => {
    const folder = mkdtempSync(join(tmpdir(), 'cairn-template-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:5 attempts:1\n');
    writeFileSync(join(folder, 'nsswitch.conf'), 'hosts: dns\n');
    writeFileSync(join(folder, 'zone'), ROOT_ZONE);
    writeFileSync(join(folder, 'Corefile'), `.:53 {\n  bind 127.0.0.1\n  ${TEMPLATES}\n  ${below}\n}\n${DENYING}`);
    const names = 'keycloak.local a1.actors.sub.test';
    const { stdout, stderr } = await run(
      'unshare',
      ['-rnm', 'sh', '-c', ASKING, process.execPath, MAIN, names, command![0]!],
      {
        cwd: folder,
      },
    );
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toEqual(['0 192.0.2.55', '0 198.51.100.10']);
  });
}
