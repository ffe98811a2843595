import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { messageOf } from '../src/base/errors.ts';
import { FileError, readOctets, readTextNow } from '../src/base/read-file.ts';
import { systemClock } from '../src/observe/clock.ts';
import { plugins } from '../src/plugins.ts';
import { corefileSource } from '../src/server/configuration/corefile-source.ts';
import { inClusterCredentials } from '../src/sources/kubernetes/access/files.ts';
import { resolveKubeconfig } from '../src/sources/kubernetes/access/kubeconfig.ts';
import { loadManifests } from '../src/sources/manifests/load.ts';
import { certificate } from './support/certificate.ts';
import { folderWith } from './support/folder.ts';
import { PATIENT } from './support/patience.ts';
import { startServer } from './support/server.ts';
import { run } from './support/tools.ts';

/** What stands in place of a file, and the error for it. */
const IMPOSTORS: Readonly<Record<string, { make(path: string): void; told: RegExp }>> = {
  'a FIFO': { make: (path) => execFileSync('mkfifo', [path]), told: /is a FIFO, expecting a regular file/ },
  'a device without an end': {
    make: (path) => symlinkSync('/dev/zero', path),
    told: /is a device, expecting a regular file/,
  },
  'a file that is too large': {
    make(path) {
      writeFileSync(path, '');
      truncateSync(path, 2 ** 40); // takes no room on the disk
    },
    told: /has 1099511627776 octets, expecting at most \d+/,
  },
};

const SOA = '@ 60 IN SOA ns hostmaster 1 2 3 4 5\n@ 60 IN NS ns\n';

/** What the server says when it starts with a Corefile: what it logs, also later on, or why it does not start. */
async function told(folder: string, corefile: string): Promise<readonly string[]> {
  try {
    return (await startServer(corefile, { file: join(folder, 'Corefile') })).lines;
  } catch (error) {
    return [messageOf(error)];
  }
}

const inBlock =
  (directives: string, zone = '.') =>
  (folder: string) =>
    told(folder, `${zone} {\nroot ${folder}\n${directives}\n}\n`);
const rejected = (promise: Promise<unknown>) =>
  promise.then(
    () => [],
    (error) => [messageOf(error)],
  );
const kubeconfig = (cluster: string, user: string) =>
  `{current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], clusters: [{name: a, cluster: {server: 'http://a', ${cluster}}}], users: [{name: a, user: {${user}}}]}`;

/** Everything that reads a file of the operator's: the name of the file in the folder, and the message when it is read. */
const READERS: readonly (readonly [
  what: string,
  file: string,
  tell: (folder: string) => Promise<readonly string[]>,
])[] = [
  [
    'the Corefile',
    'x',
    (folder) =>
      rejected((async () => corefileSource({ file: join(folder, 'x'), plugins, dnsPort: 0, env: {} }).load())()),
  ],
  ['import', 'x', inBlock('import x')],
  ['import with a pattern', 'x.server', inBlock('import *.server')],
  ['hosts', 'x', inBlock('hosts x')],
  ['file', 'x', inBlock('file x example.org')],
  ['$INCLUDE', 'x', inBlock('file zone example.org')],
  ['auto', 'db.example.org', inBlock('auto {\ndirectory .\n}')],
  ['manifests', 'x.yaml', inBlock('kubernetes cluster.local {\nmanifests x.yaml\nstartup_timeout 1ms\n}')],
  ['a folder of manifests', 'x.yaml', inBlock('kubernetes cluster.local {\nmanifests .\nstartup_timeout 1ms\n}')],
  ['manifests that are read once', 'x.yaml', (folder) => rejected(loadManifests([folder]))],
  ['resolv.conf of forward', 'x', inBlock('forward . x')],
  ['certificates of forward', 'x', inBlock('forward . tls://127.0.0.1 {\ntls cert key x\n}')],
  ['the search list of autopath', 'x', inBlock('autopath x')],
  ['weights of loadbalance', 'x', inBlock('loadbalance weighted x')],
  ['tls', 'x', inBlock('tls cert x\nwhoami', 'tls://.')],
  ['tls of dnstap', 'x', inBlock('dnstap listen tls://127.0.0.1:0 {\ntls cert x\n}\nwhoami')],
  ['a token of admin', 'x', inBlock('admin 127.0.0.1:0 {\ntoken x\n}')],
  ['a web configuration', 'x', inBlock('prometheus 127.0.0.1:0 {\ntls x\n}')],
  ['what a web configuration names', 'x', inBlock('prometheus 127.0.0.1:0 {\ntls web\n}')],
  [
    "an API server's CA",
    'x',
    inBlock('kubernetes cluster.local {\nendpoint https://127.0.0.1:1\ntls cert key x\nstartup_timeout 300ms\n}'),
  ],
  [
    'the token of a service account',
    'token',
    (folder) => {
      const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };
      return rejected(inClusterCredentials(systemClock, { env, folder }).access());
    },
  ],
  ['a kubeconfig', 'x', (folder) => rejected(resolveKubeconfig(join(folder, 'x'), undefined))],
  ['what a kubeconfig names', 'x', (folder) => rejected(resolveKubeconfig(join(folder, 'kubeconfig'), undefined))],
  [
    'the resolv.conf of `cairn lookup`',
    'x',
    async (folder) => {
      const main = resolve(import.meta.dirname, '../src/cli/main.ts');
      const args = ['lookup', '--resolv-conf', join(folder, 'x'), 'example.org'];
      return [(await run(process.execPath, [main, ...args])).stderr];
    },
  ],
];

describe.each(Object.entries(IMPOSTORS))('%s', (_, { make, told: expected }) => {
  test.each(READERS)('in the place of %s is told, and not waited for', async (_what, file, tell) => {
    const folder = folderWith({
      zone: `${SOA}$INCLUDE x\n`,
      cert: String(certificate.cert),
      key: String(certificate.key),
      web: 'tls_server_config: {cert_file: x, key_file: key}\n',
      kubeconfig: kubeconfig('certificate-authority: x', 'token: t'),
    });
    make(join(folder, file));
    const lines = await tell(folder);
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(expected), PATIENT);
  });
});

/** Files of the program's own, of the kernel's, of the command line's pipe, and one that is written. */
const OTHERS = [
  'base/read-file.ts',
  'version.ts',
  'cli/background-threads.ts', // /proc
  'cli/corefile-input.ts',
  'cli/free-memory.ts',
  'cli/single-file/addon.ts',
  'net/open-files.ts',
  'plugins/prometheus/process-metrics.ts',
  'snapshot/file.ts',
];

test('no file is read but by the one reader', () => {
  const SRC = resolve(import.meta.dirname, '../src');
  const reading = /import \{[^}]*\b(?:readFile|readFileSync|open|openSync|createReadStream)\b[^}]*\} from 'node:fs/;
  const found = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .filter((file) => reading.test(readFileSync(join(SRC, file), 'utf8')));
  expect(found.map((file) => relative('.', file)).sort()).toEqual([...OTHERS].sort());
});

describe('the reader', () => {
  const BOTH = [
    ['at once', async (path: string, most: number) => readTextNow(path, most)],
    ['in turn', async (path: string, most: number) => String(await readOctets(path, most))],
  ] as const;

  test.each(BOTH)('reads regular files %s, and what links lead to', async (_, read) => {
    const folder = folderWith({ a: 'text' });
    mkdirSync(join(folder, '..data'));
    writeFileSync(join(folder, '..data', 'b'), 'x'.repeat(10_000));
    symlinkSync('..data/b', join(folder, 'b'));
    expect(await read(join(folder, 'a'), 4)).toBe('text');
    expect(await read(join(folder, 'b'), 10_000)).toBe('x'.repeat(10_000));
    expect(await read('/dev/null', 0)).toBe('');
  });

  test.each(BOTH)('reads %s what does not say its size, up to the bound', async (_, read) => {
    expect(await read('/proc/self/status', 65_536)).toContain(`Pid:\t${process.pid}`);
    await expect(read('/proc/self/status', 10)).rejects.toThrow('/proc/self/status has more than 10 octets');
  });

  test.each(BOTH)('refuses %s all that is no regular file', async (_, read) => {
    const folder = folderWith({ a: 'text' });
    await expect(read(folder, 10)).rejects.toThrow(FileError);
    await expect(read(join(folder, 'a'), 3)).rejects.toThrow('has 4 octets, expecting at most 3');
    await expect(read(join(folder, 'none'), 3)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
