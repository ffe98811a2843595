import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { canRun, type Ran, run } from '../../support/tools.ts';

const MAIN = resolve(import.meta.dirname, '../../../src/cli/main.ts');

/** The network of a pod with one address, in which the address of cluster DNS is the pod's, too; and the files that a kubelet writes. */
const POD = `
cd "$0"
ip link set lo up
ip link add eth0 type veth peer name node
ip link set node up
ip link set eth0 up
ip address add 10.244.0.1/16 dev eth0
ip route add default via 10.244.0.254
ip address add 10.96.0.10/32 dev lo
for name in resolv.conf nsswitch.conf hosts; do mount --bind $name /etc/$name; done
`;

/** Cairn on port 53, while a program runs. */
const SERVED = `
: >server.log
"$1" "$2" -conf Corefile >server.log 2>&1 &
server=$!
for i in $(seq 500); do grep -q Cairn server.log && break; sleep 0.1; done
"$1" "$3"
kill "$server"
wait "$server" || true
`;

export const canPlayPod = canRun('unshare', [
  '-rnm',
  'sh',
  '-c',
  'ip link set lo up && ip link add eth0 type veth peer name node',
]);

/** The texts of resolv.conf, hosts and others, by their names. */
export type Files = Readonly<Record<string, string>>;

/** Runs a program of Node.js in the namespaces of a pod, with Cairn on port 53, which serves the file Corefile. */
export function runServed(files: Files, program: string): Promise<Ran> {
  return runIn(POD + SERVED, files, [process.execPath, MAIN, program]);
}

/** Runs a command in the namespaces of a pod, in a folder; nothing answers on port 53 but the command itself. */
export function runInPod(files: Files, folder: string, ...command: readonly string[]): Promise<Ran> {
  return runIn(`${POD}cd "$1"\nshift\nexec "$@"\n`, files, [folder, ...command]);
}

async function runIn(script: string, files: Files, args: readonly string[]): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-node-dns-'));
  try {
    const all = { 'nsswitch.conf': 'hosts: files dns\n', 'resolv.conf': '', hosts: '', ...files };
    for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
    return await run('unshare', ['-rnm', 'sh', '-ec', script, folder, ...args]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
