import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A group of processes with a memory limit, which the kernel enforces as in a pod. */
export interface MemoryLimit {
  /** Words to put before a command, so that it runs in the group. */
  readonly enter: readonly string[];
  /** How often a process of the group was ended for its memory. */
  kills(): number;
  remove(): void;
}

/** The files of the two versions of control groups. */
const VERSIONS = [
  { root: '/sys/fs/cgroup', marker: 'cgroup.controllers', limit: 'memory.max', events: 'memory.events' },
  {
    root: '/sys/fs/cgroup/memory',
    marker: 'memory.limit_in_bytes',
    limit: 'memory.limit_in_bytes',
    events: 'memory.oom_control',
  },
] as const;

/** A new group with a limit; undefined if it cannot be made here. Then memory is only measured. */
export function limitMemory(mib: number): MemoryLimit | undefined {
  const version = VERSIONS.find(({ root, marker }) => existsSync(join(root, marker)));
  if (version === undefined) return undefined;
  const folder = join(version.root, `cairn-attacks-${process.pid}`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, version.limit), String(mib * 1024 * 1024));
  } catch {
    return undefined;
  }
  return {
    enter: ['sh', '-c', `echo $$ > '${folder}/cgroup.procs' && exec "$@"`, 'sh'],
    kills: () => Number(/^oom_kill (\d+)/m.exec(readFileSync(join(folder, version.events), 'utf8'))?.[1] ?? 0),
    remove() {
      try {
        rmdirSync(folder);
      } catch {
        // Its last process has not quite ended; an empty group costs nothing.
      }
    },
  };
}
