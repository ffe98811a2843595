import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the programs of a control plane are. */
export interface Binaries {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
}

/**
 * Builds the programs that go.mod pins as its tools, into the user's cache. The first time takes many minutes, and the network; after that, a
 * second.
 */
export function buildBinaries(): Binaries {
  // The API server states it, and Helm compares it with what a chart needs.
  const [, version] = /^\sk8s\.io\/kubernetes (v\S+)/m.exec(read('go.mod'))!;
  const flags = `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${version}`;
  const folder = join(cacheFolder(), hashOf(flags, read('go.mod'), read('go.sum')));
  mkdirSync(folder, { recursive: true });
  execFileSync('go', ['build', flags, '-o', `${folder}/`, 'tool'], {
    cwd: import.meta.dirname,
    env: { ...process.env, CGO_ENABLED: '0' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const program = (name: string) => join(folder, name);
  // The last part of its package's path is what Go calls a program.
  return {
    etcd: program('server'),
    apiServer: program('kube-apiserver'),
    controllerManager: program('kube-controller-manager'),
  };
}

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cairn-control-plane');
}

const read = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');

function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.digest('hex').slice(0, 12);
}
