import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { canRun, type Ran, run } from '../../support/tools.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/cli/main.ts');

/** The network of a pod with one address, in which the address of cluster DNS is the pod's, too; and the files that a kubelet writes. */
const SCRIPT = `
ip link set lo up
ip link add eth0 type veth peer name node
ip link set node up
ip link set eth0 up
ip address add 10.244.0.1/16 dev eth0
ip route add default via 10.244.0.254
ip address add 10.96.0.10/32 dev lo
for name in resolv.conf nsswitch.conf hosts; do mount --bind $name /etc/$name; done
: >server.log
"$0" "$1" -conf Corefile >server.log 2>&1 &
server=$!
for i in $(seq 500); do grep -q Cairn server.log && break; sleep 0.1; done
"$0" "$2"
kill "$server"
wait "$server"
`;

export const canPlayPod = canRun('unshare', [
  '-rnm',
  'sh',
  '-c',
  'ip link set lo up && ip link add eth0 type veth peer name node',
]);

/** Files by their names, among them resolv.conf, hosts and Corefile. */
export type Files = Readonly<Record<string, string>>;

/** Runs a program of Node.js in the namespaces of a pod, with Cairn on port 53. */
export async function runInPod(files: Files, program: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-node-dns-'));
  try {
    for (const [name, text] of Object.entries({ 'nsswitch.conf': 'hosts: files dns\n', ...files }))
      writeFileSync(join(folder, name), text);
    return await run('unshare', ['-rnm', 'sh', '-c', SCRIPT, process.execPath, MAIN, program], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
