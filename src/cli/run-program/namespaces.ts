import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CairnError, systemCodeOf } from '../../base/errors.ts';
import { programBeside } from '../../base/program.ts';
import { readTextNow } from '../../base/read-file.ts';
import type { SocketPlace } from './open-sockets.ts';

/** The surroundings of a program. */
export interface Surroundings {
  /** A folder for files, which outlives the program. */
  readonly folder: string;
  readonly resolvConf: string;
  readonly hosts: string;
  /** The pod's network; undefined for that of this machine. */
  readonly network?: PodNetwork;
}

export interface PodNetwork {
  /** The pod's addresses. */
  readonly addresses: readonly string[];
  /** Sockets to open at other addresses. */
  readonly sockets: readonly SocketPlace[];
}

/** Where commands put what they complain of. */
const PROBLEM = 'problem';
/** Exists when all is in place. */
const STARTED = 'started';
/** The gateway of pods, at the other end of their network device. */
const GATEWAY = { 4: '169.254.1.1', 6: 'fe80::1' };
const NSSWITCH = '/etc/nsswitch.conf';
/** The largest file that is read. */
const MAX_OCTETS = 65_536;

/**
 * Starts a program in namespaces of its own, with the file descriptors of this process. Sockets come as messages with handles; the message `all` says
 * that there are no more, and is to be answered.
 *
 * The program gets a network namespace of its own. All addresses are in a second one, at the other end of its network device. So what
 * the program listens on and what the cluster listens on cannot meet, and nothing but the sockets accepts a connection.
 *
 * @throws CairnError if the system allows no namespaces
 */
export function startInNamespaces(command: readonly string[], surroundings: Surroundings): ChildProcess {
  const { folder, resolvConf, hosts, network } = surroundings;
  const namespaces = allowedNamespaces(network ? ['--mount', '--net'] : ['--mount']);
  writeFileSync(join(folder, 'resolv.conf'), resolvConf);
  writeFileSync(join(folder, 'hosts'), hosts);
  if (existsSync(NSSWITCH)) writeFileSync(join(folder, 'nsswitch.conf'), withoutOtherSources());
  const script = network ? clusterSide(network) : `${KEEP_STDERR}\n"$2" "$3" "$4"\n${PROGRAM_SIDE}`;
  const opener = fileURLToPath(programBeside(import.meta.url, 'open-sockets'));
  const sockets = JSON.stringify(network?.sockets ?? []);
  const values = [folder, process.execPath, opener, sockets, network ? podSide(network) : '', ...asOneself(namespaces)];
  const args = [...namespaces, 'sh', '-ec', script, 'cairn run', ...values, ...command];
  return spawn('unshare', args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
}

/** Whether the program itself was started. */
export function hasStarted(folder: string): boolean {
  return existsSync(join(folder, STARTED));
}

/** What went wrong before the program was started. */
export function problemIn(folder: string): string {
  const path = join(folder, PROBLEM);
  return existsSync(path) ? readTextNow(path, MAX_OCTETS).trim() : '';
}

/** The arguments of `unshare`. Root needs no user namespace, unless it lacks capabilities, as in a container. @throws CairnError */
function allowedNamespaces(wanted: readonly string[]): readonly string[] {
  const probe = (...args: readonly string[]) => spawnSync('unshare', args, { encoding: 'utf8' });
  const needed = wanted.includes('--net') ? ['ip', 'link', 'set', 'lo', 'up'] : ['true'];
  if (process.getuid!() === 0 && probe(...wanted, ...needed).status === 0) return wanted;
  const inUserNamespace = ['--user', '--map-root-user', ...wanted];
  const { status, error, stderr } = probe(...inUserNamespace, 'true');
  if (status === 0) return inUserNamespace;
  if (systemCodeOf(error) === 'ENOENT')
    throw new CairnError('NAMESPACES', 'cairn run needs the command `unshare`: install the package util-linux');
  const complaint = stderr?.trim() || String(error);
  throw new CairnError('NAMESPACES', `this system does not allow namespaces (${complaint}). ${REMEDY}`);
}

const REMEDY =
  'Allow them with `sysctl kernel.unprivileged_userns_clone=1` (Debian) or `sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu), ' +
  'run a container with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, or be root';

/** In a user namespace, a command that runs the program with the user's own id and without capabilities. */
function asOneself(namespaces: readonly string[]): readonly string[] {
  const [uid, gid] = [process.getuid!(), process.getgid!()];
  if (!namespaces.includes('--user') || uid === 0) return [];
  return ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'];
}

/** Names come from the hosts file and DNS alone: other sources, such as systemd-resolved, would answer for this machine. */
function withoutOtherSources(): string {
  return `${readTextNow(NSSWITCH, MAX_OCTETS).replace(/^\s*hosts:.*$/m, '')}\nhosts: files dns\n`;
}

const KEEP_STDERR = `exec 8>&2 2>"$1/${PROBLEM}"`;

/** The parameters: the folder, node, the opener, its sockets, the script for the pod, the command of {@link asOneself}, the program's command. */
function clusterSide({ addresses }: PodNetwork): string {
  return `
${KEEP_STDERR}
exec 9</proc/self/ns/net
ip link set lo up
for version in 4 6; do { echo 1 >/proc/sys/net/ipv$version/ip_nonlocal_bind; } 2>/dev/null || true; done
${familiesOf(addresses)
  .map((family) => `ip -${family} route add local default dev lo table local`)
  .join('\n')}
"$2" "$3" "$4"
exec unshare --net sh -ec "$5" "$0" "$@"`;
}

function podSide({ addresses }: PodNetwork): string {
  const bits = (address: string) => (address.includes(':') ? 128 : 32);
  const plain = (address: string) => (address.includes(':') ? 'nodad' : '');
  const outside = [
    'ip link set cluster up',
    ...familiesOf(addresses).map((family) => {
      const gateway = GATEWAY[family];
      return `ip address add ${gateway}/${family === 4 ? 32 : 64} dev cluster ${plain(gateway)}`;
    }),
    ...addresses.map((address) => `ip route add ${address}/${bits(address)} dev cluster table local`),
  ];
  return `
ip link set lo up
ip link add eth0 type veth peer name cluster netns /proc/self/fd/9
${addresses.map((address) => `ip address add ${address}/${bits(address)} dev eth0 ${plain(address)}`).join('\n')}
ip link set eth0 up
nsenter --net=/proc/self/fd/9 sh -ec '${outside.join('; ')}'
${familiesOf(addresses)
  .map((family) => `ip -${family} route add default via ${GATEWAY[family]} dev eth0 onlink`)
  .join('\n')}
exec 9<&-
# As in containers, a program may listen on any port.
{ echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; } 2>/dev/null || true
${PROGRAM_SIDE}`;
}

/** Puts the files in their places, and becomes the program. nscd would answer for this machine, too. */
const PROGRAM_SIDE = `
for name in resolv.conf hosts nsswitch.conf; do
  if [ -e "$1/$name" ]; then mount -o bind "$1/$name" "/etc/$name"; fi
done
if [ -d /run/nscd ]; then mount -t tmpfs none /run/nscd; fi
: >"$1/${STARTED}"
shift 5
unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
exec 3>&- 2>&8 8>&-
case $1 in */*) [ -e "$1" ] ;; *) command -v "$1" >/dev/null ;; esac || { echo "$0: $1: not found" >&2; exit 127; }
case $1 in */*) [ -f "$1" ] && [ -x "$1" ] || { echo "$0: $1: not an executable file" >&2; exit 126; } ;; esac
exec "$@"`;

function familiesOf(addresses: readonly string[]): (4 | 6)[] {
  return ([4, 6] as const).filter((family) => addresses.some((address) => address.includes(':') === (family === 6)));
}
