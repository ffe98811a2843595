import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { messageOf } from '../../src/base/errors.ts';
import type { CorefileFiles } from '../../src/corefile/files.ts';
import { plugins } from '../../src/plugins.ts';
import { corefileSource } from '../../src/server/configuration/corefile-source.ts';
import { rehearse } from '../../src/server/reload/rehearsal.ts';
import { Server } from '../../src/server/server.ts';
import { type ApiServer, startApiServer } from '../support/api-server/index.ts';
import { KEY, SERVER_CERT } from '../support/authority.ts';
import { adaptCorefile, corefilesInFiles, corefilesInPages, type TestWorld } from '../support/corefiles.ts';
import { refusedPort, type ScriptedUpstream, startUpstream } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const NO_FILES: CorefileFiles = {
  read(path) {
    throw Object.assign(new Error(path), { code: 'ENOENT' });
  },
  list: () => [],
};

let upstream: ScriptedUpstream;
let api: ApiServer;
let world: TestWorld;

beforeAll(async () => {
  const certificates = await mkdtemp(join(tmpdir(), 'check-'));
  await writeFile(join(certificates, 'cert.pem'), SERVER_CERT);
  await writeFile(join(certificates, 'key.pem'), KEY);
  upstream = await startUpstream();
  api = await startApiServer();
  world = { upstream: upstream.endpoint, api: api.url, certificates, port: await refusedPort() };
  vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
});

afterAll(async () => {
  await upstream.close();
  await api.close();
  await rm(world.certificates, { recursive: true });
  vi.unstubAllEnvs();
});

/** What only a start finds out: other machines, and whether this process is in a cluster. */
const ONLY_AT_START = /cannot resolve upstream|does not run in a cluster/;

/** Checks a Corefile and starts it: both say yes, with the same warnings, or both say no, for the same reason. */
async function expectAgreement(text: string): Promise<'valid' | 'invalid'> {
  const env = { CORP_DNS_1: world.upstream, CORP_DNS_2: world.upstream };
  const source = corefileSource({ file: resolve(ROOT, 'Corefile'), text, plugins, dnsPort: 0, env, files: NO_FILES });
  const lines: string[] = [];
  const server = new Server({ source, sink: (_, line) => lines.push(line) });
  const [checked] = await Promise.allSettled([(async () => rehearse(source.load().configuration))()]);
  const [started] = await Promise.allSettled([server.start()]);
  await server.shutdown();
  if (started.status === 'rejected' && ONLY_AT_START.test(messageOf(started.reason))) return 'invalid';
  if (checked.status === 'fulfilled') {
    expect(started.status === 'rejected' ? messageOf(started.reason) : 'started').toBe('started');
    const unsaid = checked.value.filter(({ message }) => !lines.some((line) => line.includes(message)));
    expect(unsaid, 'the start logs the same warnings').toEqual([]);
    return 'valid';
  }
  const reason = messageOf(checked.reason);
  expect(started.status === 'rejected' ? 'refused' : reason).toBe('refused');
  // An address that is not here is refused at its directive, or when its socket is opened.
  if (!reason.includes('does not have the address'))
    expect(messageOf((started as PromiseRejectedResult).reason)).toBe(reason);
  return 'invalid';
}

const pages = corefilesInPages(
  'README.md',
  'docs/*.md',
  'src/plugins/*/README.md',
  'examples/**/README.md',
  'deploy/**/README.md',
);
const all = [...pages, ...corefilesInFiles()].map(({ title, text }) => [title, text] as const);

test('there are many Corefiles to try', () => {
  expect(all.length).toBeGreaterThan(80);
});

test.each(all)('check and start agree about %s', async (title, text) => {
  const found = await expectAgreement(adaptCorefile(text, world));
  if (/^(README|docs|src)/.test(title)) expect(found).toBe('valid');
});

/** The same text without one of its lines, and with one of its words doubled: mistakes as people make them. */
function mistakesIn(text: string, seed: number): readonly string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const at = seed % lines.length;
  const doubled = lines.with(at, lines[at]!.replace(/^(\s*\S+) (\S+)/, '$1 $2 $2'));
  return [lines.toSpliced(at, 1).join('\n'), doubled.join('\n')];
}

test.each(all.map(([title, text], i) => [title, text, i] as const))(
  'check and start agree about mistakes in %s',
  async (_, text, i) => {
    for (const mistaken of mistakesIn(adaptCorefile(text, world), 7 * i + 3)) await expectAgreement(mistaken);
  },
);

describe('check and start agree about', () => {
  test.each([
    ['an empty zone file that is never read again', '. {\nfile none {\nreload 0\n}\n}', 'invalid'],
    ['a zone file that may come', '. {\nfile none\n}', 'valid'],
    ['a zone file with a mistake', '. {\nfile package.json\n}', 'invalid'],
    ['a missing hosts file', '. {\nhosts none\n}', 'valid'],
    ['a hosts file with mistakes', '. {\nhosts package.json\n}', 'valid'],
    ['missing certificates', 'tls://. {\ntls none none\nwhoami\n}', 'invalid'],
    ['files that hold no certificates', 'tls://. {\ntls package.json package.json\nwhoami\n}', 'invalid'],
    ['certificates of upstreams', '. {\nforward . tls://192.0.2.1 {\ntls package.json\n}\n}', 'invalid'],
    ['a resolv.conf without servers', '. {\nforward . ./package.json\n}', 'invalid'],
    ['a missing resolv.conf', '. {\nforward . ./none\n}', 'invalid'],
    ['a folder without zones', '. {\nauto {\ndirectory src\n}\n}', 'valid'],
    ['a missing folder of zones', '. {\nauto {\ndirectory none\n}\n}', 'invalid'],
    ['missing weights', '. {\nloadbalance weighted none\nwhoami\n}', 'valid'],
    ['a missing web configuration', '. {\nprometheus 127.0.0.1:0 {\ntls none\n}\nwhoami\n}', 'invalid'],
    ['manifests with a mistake', '. {\nkubernetes cluster.local {\nmanifests package.json\n}\n}', 'valid'],
    ['a missing root', '. {\nroot none\nwhoami\n}', 'valid'],
    ['an address that is mistyped', '. {\nbind 10.0.0.300\nwhoami\n}', 'invalid'],
    ['an interface that is not here', '. {\nbind nosuch0\nwhoami\n}', 'invalid'],
    ['an address that is not here', '. {\nbind 192.0.2.77\nwhoami\n}', 'invalid'],
    ['an address twice', '. {\nbind 127.0.0.1 127.0.0.1\nwhoami\n}', 'invalid'],
    ['pages of several plugins at one address', '. {\nhealth 127.0.0.1:0\nready 127.0.0.1:0\nwhoami\n}', 'valid'],
    ['the same zone twice', 'a.org {\nwhoami\n}\na.org {\nwhoami\n}', 'invalid'],
    ['a view that hides a block', 'a.org {\nview v {\nexpr true\n}\nwhoami\n}\na.org {\nwhoami\n}', 'valid'],
    ['a block in which nothing answers', '. {\nlog\n}', 'valid'],
  ])('%s', async (_, text, expected) => {
    expect(await expectAgreement(text)).toBe(expected);
  });
});
