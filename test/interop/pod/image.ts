import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** The image of the Dockerfile, as `.ci/image` lays it out. */
export interface Image {
  /** Its file system. */
  readonly root: string;
  readonly config: ImageConfig;
}

/** As much of an image's configuration as runs a container, and its labels. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly WorkingDir: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
  readonly Labels: Readonly<Record<string, string>>;
}

/**
 * The image in the folder that the environment's CAIRN_IMAGE names; undefined if it names none.
 *
 * @throws Error without one where CAIRN_INTEROP=required says that no test may be left out.
 */
export function imageAtHand(): Image | undefined {
  const folder = process.env.CAIRN_IMAGE;
  if (folder !== undefined) {
    const config: ImageConfig = JSON.parse(readFileSync(join(folder, 'image.json'), 'utf8')).Docker.config;
    return { root: resolve(folder, 'rootfs'), config };
  }
  if (process.env.CAIRN_INTEROP === 'required')
    throw new Error('CAIRN_IMAGE must name a folder that .ci/image has made');
  return undefined;
}

/** As much of a pod and its container as the runtime is told. */
export interface PodSpec {
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly sysctls: readonly { readonly name: string; readonly value: string }[];
  };
  readonly containers: readonly ContainerSpec[];
}

interface ContainerSpec {
  readonly args: readonly string[];
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add: readonly string[] };
  };
  readonly volumeMounts: readonly { readonly mountPath: string }[];
}

/** The pod of deploy/base. */
export function deployedPod(): PodSpec {
  const file = resolve(import.meta.dirname, '../../../deploy/base/deployment.yaml');
  return parseAllDocuments(readFileSync(file, 'utf8'))[0]!.toJS().spec.template.spec;
}

const SECCOMP = '/usr/share/containers/seccomp.json';
const SECCOMP_ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/** What the kubelet mounts, and the network that it joins. */
export interface Surroundings {
  /** Folders and files of the node, by where they are in the container. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  /** A process whose network the container has. */
  readonly networkOf: number;
  /** The control group that bounds it. */
  readonly cgroup: string;
}

/** The container of a pod as the kubelet and containerd describe it to an OCI runtime (config.json of a bundle). */
export function ociConfig(
  { root, config }: Image,
  pod: PodSpec,
  { mounts, env, networkOf, cgroup }: Surroundings,
): object {
  const [container] = pod.containers;
  const { runAsUser: uid, runAsGroup: gid, sysctls } = pod.securityContext;
  const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = container!.securityContext;
  if (!capabilities.drop.includes('ALL')) throw new Error('what the runtime gives by itself is not known here');
  const caps = capabilities.add.map((name) => `CAP_${name}`);
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      cwd: config.WorkingDir,
      env: [...config.Env, ...env],
      args: [...config.Entrypoint, ...container!.args],
      capabilities: { bounding: caps, effective: caps, permitted: caps },
      noNewPrivileges: !allowPrivilegeEscalation,
    },
    root: { path: root, readonly: readOnlyRootFilesystem },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      ...Object.entries(mounts).map(([destination, source]) => ({ destination, source, options: ['rbind', 'ro'] })),
    ],
    linux: {
      namespaces: [
        ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
        { type: 'network', path: `/proc/${networkOf}/ns/net` },
      ],
      cgroupsPath: cgroup,
      sysctl: Object.fromEntries(sysctls.map(({ name, value }) => [name, value])),
      resources: { memory: { limit: octetsOf(container!.resources.limits.memory) } },
      ...(existsSync(SECCOMP) && { seccomp: seccompFor(caps) }),
    },
  };
}

/** A quantity in mebibytes. */
export function octetsOf(quantity: string): number {
  const [, mebibytes] = /^(\d+)Mi$/.exec(quantity) ?? [];
  if (mebibytes === undefined) throw new Error(`not in Mi: ${quantity}`);
  return Number(mebibytes) * 2 ** 20;
}

interface SeccompRule {
  readonly includes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
  readonly excludes?: { readonly caps?: readonly string[] };
}

/** The profile that runtimes have by default, `RuntimeDefault` to Kubernetes, for a container with these capabilities. */
function seccompFor(caps: readonly string[]): object {
  const { defaultAction, defaultErrnoRet, syscalls } = JSON.parse(readFileSync(SECCOMP, 'utf8'));
  const architecture = SECCOMP_ARCHITECTURES[process.arch] ?? process.arch;
  const applies = ({ includes, excludes }: SeccompRule) =>
    (includes?.caps ?? []).every((cap) => caps.includes(cap)) &&
    (includes?.arches ?? [architecture]).includes(architecture) &&
    !(excludes?.caps ?? []).some((cap) => caps.includes(cap));
  return {
    ...{ defaultAction, defaultErrnoRet },
    syscalls: syscalls.filter(applies).map(({ names, action, args, errnoRet }: Record<string, unknown>) => ({
      ...{ names, action },
      ...(args ? { args } : {}),
      ...(errnoRet === undefined ? {} : { errnoRet }),
    })),
  };
}
