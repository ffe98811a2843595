import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer } from '../support/api-server/index.ts';
import { ask } from '../support/ask.ts';
import { KEY, SERVER_CERT } from '../support/authority.ts';
import { startServer } from '../support/server.ts';
import { refusedPort, startUpstream } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CLUSTER = resolve(ROOT, 'test/acceptance/cluster.yaml');

/** Ports that a machine running the tests may not have to give, and files that it may not have. */
function anywhere(corefile: string, upstream: string): string {
  return corefile
    .replace(/^\S.*$/gm, (keys) => keys.replace(/:(?:53|1053|8853|8443)(?=[\s,])/g, ''))
    .replace(/^( +(?:health|ready|prometheus))(?: +\S*:\d+)?(?= *\{?$)/gm, '$1 127.0.0.1:0')
    .replace(/lameduck \S+/g, 'lameduck 0s')
    .replaceAll('/etc/resolv.conf', upstream);
}

test("kubeadm's Corefile serves a cluster, unchanged but for ports and a manifests line", async () => {
  const text = readFileSync(resolve(ROOT, 'test/corefile/distributions/kubeadm.Corefile'), 'utf8');
  const upstream = await startUpstream();
  const withManifests = anywhere(text, upstream.endpoint).replace(
    'pods insecure',
    `manifests ${CLUSTER}\n       pods insecure`,
  );
  const { port } = await startServer(withManifests);
  expect((await ask(port, 'kubernetes.default.svc.cluster.local', 'A')).answer).toEqual(['10.96.0.1']);
  expect((await ask(port, '10-1-2-3.default.pod.cluster.local', 'A')).answer).toEqual(['10.1.2.3']);
  await upstream.close();
});

const readmes = globSync(['README.md', 'docs/*.md', 'src/plugins/*/README.md'], { cwd: ROOT });
const examples = readmes.flatMap((file) => {
  const text = readFileSync(resolve(ROOT, file), 'utf8');
  return [...text.matchAll(/^```corefile\n(.*?)^```/gms)].map(
    (match, i) => [`${file}, example ${i + 1}`, match[1]!] as const,
  );
});

let certificates: string;

beforeAll(async () => {
  certificates = await mkdtemp(join(tmpdir(), 'corefiles-'));
  await writeFile(join(certificates, 'cert.pem'), SERVER_CERT);
  await writeFile(join(certificates, 'key.pem'), KEY);
});

afterAll(() => rm(certificates, { recursive: true }));

test.each(examples)('%s starts', async (_, corefile) => {
  const upstream = await startUpstream();
  const api = await startApiServer();
  const paths = corefile
    .replace(/manifests .+/g, `manifests ${CLUSTER}`)
    .replace(/weighted \S+/g, 'weighted /dev/null')
    .replace(/^( +)(?:kubeconfig|endpoint) .+$/gm, `$1endpoint ${api.url}`)
    .replace(/^ +tls \S+ \S+ \S+$/gm, '')
    .replace(/^ +tls cert.pem key.pem/gm, `    tls ${certificates}/cert.pem ${certificates}/key.pem`)
    .replace(
      /^( *)kubernetes( [^{\n]*)?\{(?![^}]*\n *(?:manifests|endpoint) )/gm,
      `$1kubernetes$2{\n$1    endpoint ${api.url}`,
    )
    .replace(/directory \S+/g, `directory ${resolve(ROOT, 'examples')}`);
  const anyPorts = anywhere(paths, upstream.endpoint).replaceAll(':1054', `:${await refusedPort()}`);
  const { server } = await startServer(anyPorts, { file: resolve(ROOT, 'Corefile') });
  expect(server.listening.length).toBeGreaterThan(0);
  await server.shutdown();
  await upstream.close();
  await api.close();
});

test('every plugin has a README with an example', () => {
  const folders = globSync('src/plugins/*', { cwd: ROOT });
  const documented = examples.map(([title]) => relative('src/plugins', title).split('/')[0]);
  expect(folders.map((folder) => relative('src/plugins', folder)).filter((name) => !documented.includes(name))).toEqual(
    [],
  );
});
