import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer } from '../support/api-server/index.ts';
import { ask } from '../support/ask.ts';
import { KEY, SERVER_CERT } from '../support/authority.ts';
import { adaptCorefile, anywhere, corefilesInPages } from '../support/corefiles.ts';
import { startServer } from '../support/server.ts';
import { refusedPort, startUpstream } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CLUSTER = resolve(ROOT, 'test/acceptance/cluster.yaml');

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

const examples = corefilesInPages('README.md', 'docs/*.md', 'src/plugins/*/README.md');

let certificates: string;

beforeAll(async () => {
  certificates = await mkdtemp(join(tmpdir(), 'corefiles-'));
  await writeFile(join(certificates, 'cert.pem'), SERVER_CERT);
  await writeFile(join(certificates, 'key.pem'), KEY);
});

afterAll(() => rm(certificates, { recursive: true }));

test.each(examples.map(({ title, text }) => [title, text] as const))('%s starts', async (_, corefile) => {
  const upstream = await startUpstream();
  const api = await startApiServer();
  const adapted = adaptCorefile(corefile, {
    upstream: upstream.endpoint,
    api: api.url,
    certificates,
    port: await refusedPort(),
  });
  const { server } = await startServer(adapted, { file: resolve(ROOT, 'Corefile') });
  expect(server.listening.length).toBeGreaterThan(0);
  await server.shutdown();
  await upstream.close();
  await api.close();
});

test('every plugin has a README with an example', () => {
  const folders = globSync('src/plugins/*', { cwd: ROOT });
  const documented = examples.map(({ title }) => relative('src/plugins', title).split('/')[0]);
  expect(folders.map((folder) => relative('src/plugins', folder)).filter((name) => !documented.includes(name))).toEqual(
    [],
  );
});
