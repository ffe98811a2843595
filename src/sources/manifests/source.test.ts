import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PATIENT } from '../../../test/support/patience.ts';
import { type Clock, systemClock } from '../../observe/clock.ts';
import { createLogger } from '../../observe/log.ts';
import { Registry } from '../../registry/registry.ts';
import { MAX_FILE_BYTES } from './file.ts';
import { type ManifestEnv, type ManifestOptions, ManifestSource, POLL_MS, WATCHED_POLL_MS } from './source.ts';

let folder: string;
let sources: ManifestSource[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'manifests-'));
});

afterEach(async () => {
  for (const source of sources) source.stop();
  sources = [];
  await rm(folder, { recursive: true, force: true });
});

/** Far more than it takes, for a busy machine. */
async function put(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** A service in one line. */
const service = (name: string, clusterIP = '10.96.0.1') =>
  `{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {clusterIP: ${clusterIP}}}\n`;

async function start(paths: string[] = [folder], options: Partial<ManifestOptions> = {}) {
  const registry = new Registry(systemClock);
  const lines: string[] = [];
  const log = createLogger((_, line) => lines.push(line.replaceAll(folder, 'DIR')));
  const source = new ManifestSource({ paths, debounceMs: 20, ...options }, registry, { log, clock: systemClock });
  sources.push(source);
  await source.start();
  const served = () => [...registry.services()].map(({ name }) => name).sort();
  const complaints = () => lines.filter((line) => !line.includes('manifests: '));
  return { registry, source, served, complaints, lines };
}

describe('the first load', () => {
  test('the log has the numbers of the objects that declare names', async () => {
    await put('a.yaml', service('web'));
    await put('b.json', '{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"}}');
    const { lines } = await start();
    expect(lines.join()).toContain(
      'manifests: 1 services, 0 endpoints, 0 pods, 1 ingresses and 1 namespaces of 2 files',
    );
  });

  test('reads the manifests of a folder, and nothing else there', async () => {
    await put('b.yml', service('b'));
    await put('a.yaml', service('a'));
    await put('c.json', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod' } }));
    await put('.hidden.yaml', service('hidden'));
    await put('notes.txt', 'no: [manifest');
    await put('below/d.yaml', service('below'));
    const { registry, served, source, complaints } = await start();
    expect(served()).toEqual(['a', 'b']);
    expect([registry.synced, registry.syncError]).toEqual([true, '']);
    expect([...registry.namespaces()].map(({ name }) => name).sort()).toEqual(['default', 'prod']);
    expect(complaints()).toEqual([]);
    expect(source.stats()).toMatchObject({ files: 3, brokenFiles: 0, loads: 1 });
  });

  test('reads files and patterns', async () => {
    const file = await put('one/a.yaml', service('a'));
    await put('two/b.yaml', service('b'));
    await put('two/.c.yaml', service('c'));
    await put('three/b.yaml', service('d'));
    const { served } = await start([file, join(folder, 't*/b.yaml'), join(folder, '**/a.yaml')]);
    expect(served()).toEqual(['a', 'b', 'd']);
  });

  test.each([
    ['a folder that is not there', 'missing', 'DIR/missing does not exist'],
    ['an empty folder', '.', 'DIR has no *.yaml, *.yml or *.json file'],
    ['a pattern that matches nothing', '*.yaml', 'no file matches DIR/*.yaml'],
  ])('%s leaves the registry unsynced until it has a file', async (_, path, reason) => {
    const { registry, served, complaints, lines } = await start([join(folder, path)]);
    expect([registry.synced, registry.syncError.replaceAll(folder, 'DIR')]).toEqual([false, reason]);
    if (path === 'missing') {
      await put('.made/a.yaml', service('a'));
      await rename(join(folder, '.made'), join(folder, 'missing'));
    } else {
      await put('a.yaml', service('a'));
    }
    await vi.waitFor(() => expect([registry.synced, served()]).toEqual([true, ['a']]), PATIENT);
    expect(complaints()).toEqual([
      `[WARNING] ${reason}: until then, names that are not found are answered with SERVFAIL`,
      expect.stringMatching(/^\[INFO\] DIR\S* can be read again without problems$/),
    ]);
    expect(lines.join()).toContain('manifests: 1 services');
  });

  test('a broken file leaves the registry unsynced, and the others are served', async () => {
    await put('a.yaml', service('a'));
    const path = await put('b.yaml', `${service('c')}---\nkind: [\n`);
    const { registry, served, source, complaints } = await start();
    const problem = `${path}:4:1: `;
    expect([registry.synced, registry.syncError]).toEqual([false, expect.stringContaining(problem)]);
    expect(served()).toEqual(['a']);
    expect(source.stats()).toMatchObject({ files: 2, brokenFiles: 1 });
    await put('b.yaml', service('b'));
    await vi.waitFor(() => expect([registry.synced, served()]).toEqual([true, ['a', 'b']]), PATIENT);
    expect(complaints()).toEqual([
      expect.stringMatching(/^\[ERROR\] DIR\/b\.yaml:4:1: .*; nothing of the file is served$/),
      '[INFO] DIR/b.yaml can be read again without problems',
    ]);
  });
});

describe('a mistake costs no more than it must', () => {
  const slice = (hostname: string) =>
    `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: hl-1, labels: {kubernetes.io/service-name: hl}}
addressType: IPv4
endpoints:
- {addresses: [10.1.1.1], hostname: ${hostname}}
- {addresses: [10.1.1.2]}
`;

  test('a part of an object, with a warning', async () => {
    await put('a.yaml', `${service('hl', 'None')}---\n${slice('test.hostname')}`);
    const { registry, source, complaints } = await start();
    expect([...registry.slices()].map(({ endpoints }) => endpoints)).toEqual([
      [{ address: '10.1.1.1' }, { address: '10.1.1.2' }],
    ]);
    expect([registry.synced, source.stats().brokenFiles]).toEqual([true, 1]);
    await put('a.yaml', `${service('hl', 'None')}---\n${slice('fine')}`);
    await vi.waitFor(() => expect(source.stats().brokenFiles).toBe(0), PATIENT);
    expect(complaints()).toEqual([
      '[WARNING] DIR/a.yaml:8:37: EndpointSlice hl-1: endpoints[0].hostname is "test.hostname", it should be at most 63 ' +
        'lower-case letters, digits and "-", beginning and ending with a letter or digit; the rest of the object is served',
      '[INFO] DIR/a.yaml can be read again without problems',
    ]);
  });

  test('an unknown key, with a warning if it looks like a typing error', async () => {
    const spec = '{clusterIP: 10.96.0.1, externalIps: [192.0.2.1], fieldOfTheFuture: {ports: 1}}';
    await put('a.yaml', `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: ${spec}}\n`);
    const { served, complaints, registry } = await start();
    expect([registry.synced, served()]).toEqual([true, ['a']]);
    expect(complaints()).toEqual([
      '[WARNING] DIR/a.yaml:1:96: Service a: spec.externalIps is unknown; did you mean externalIPs?; the rest of the object is served',
    ]);
  });

  test('an object of a file or a list, with an error', async () => {
    const items = [service('a'), service('B_C'), '{metadata: {name: x}}\n', service('d', 'x'), service('e')];
    await put('a.yaml', `kind: List\napiVersion: v1\nitems:\n${items.map((item) => `- ${item}`).join('')}`);
    await put(
      'b.json',
      `{"kind": "List", "apiVersion": "v1", "items": [7, {"kind": "Service", "apiVersion": "v1", "metadata": {"name": "f"}}]}`,
    );
    const { registry, served, complaints } = await start();
    expect([registry.synced, served()]).toEqual([true, ['a', 'e', 'f']]);
    expect(complaints()).toEqual([
      expect.stringMatching(/^\[ERROR\] DIR\/a\.yaml:5:.* Service B_C: metadata.name is .*; it is not served$/),
      expect.stringMatching(/^\[ERROR\] DIR\/a\.yaml:6:3: object x: has no apiVersion and kind: .*; it is not served$/),
      expect.stringMatching(/^\[ERROR\] DIR\/a\.yaml:7:.* Service d: spec.clusterIP is "x", .*; it is not served$/),
      expect.stringMatching(/^\[ERROR\] DIR\/b\.json:1:.* should be a mapping; it is not served$/),
      expect.stringMatching(/^\[WARNING\] .* Service default\/f has no clusterIP/),
    ]);
  });

  test('one object of many, however many mistakes the others have', async () => {
    const bad = Array.from({ length: 30 }, (_, i) => service(`bad-${i}`, 'x'));
    await put('a.yaml', [...bad, service('a')].join('---\n'));
    const { served, complaints } = await start();
    expect(served()).toEqual(['a']);
    expect(complaints()).toHaveLength(11);
    expect(complaints().at(-1)).toBe(
      '[ERROR] DIR/a.yaml: and 20 more mistakes; these objects are not served, or not in full',
    );
  });

  test('not the last good state of the object, and nothing of the others', async () => {
    await put('a.yaml', `${service('a', '10.0.0.1')}---\n${service('b', '10.0.0.2')}`);
    const { registry, source, complaints } = await start();
    await put('a.yaml', `${service('a', 'x')}---\n${service('c', '10.0.0.3')}`);
    await vi.waitFor(() => expect(source.stats().brokenFiles).toBe(1), PATIENT);
    const addresses = () => [...registry.services()].map(({ name, clusterIPs }) => `${name} ${clusterIPs}`).sort();
    expect(addresses()).toEqual(['a 10.0.0.1', 'c 10.0.0.3']);
    await put('a.yaml', `${service('a', 'x')}---\n${service('a', '10.0.0.4')}`);
    await vi.waitFor(() => expect(addresses()).toEqual(['a 10.0.0.4']), PATIENT);
    await put('a.yaml', service('b', '10.0.0.2'));
    await vi.waitFor(() => expect(addresses()).toEqual(['b 10.0.0.2']), PATIENT);
    expect(complaints()[0]).toMatch(/^\[ERROR\] DIR\/a\.yaml:1:.* Service a: .*; its last good state stays served$/);
  });
});

test.each([
  ['', true],
  ['{apiVersion: v1, kind: Pod, metadata: {name: redis-0}, status: {podIP: 10.1.0.1}}', false],
])('a warning says that a DaemonSet and a Job create no pods if there are no others: %j', async (pods, told) => {
  const workload = (kind: string) => `{apiVersion: ${kind}, metadata: {name: redis}}\n`;
  const workloads = [workload('batch/v1, kind: Job'), workload('apps/v1, kind: DaemonSet')];
  await put('a.yaml', [service('redis', 'None'), ...workloads, pods].join('---\n'));
  const { lines } = await start();
  expect(lines.filter((line) => line.includes('DaemonSet'))).toEqual(
    told
      ? [
          '[WARNING] manifests: there are no pods, because DaemonSet, Job create none here: ' +
            'to give services endpoints, add Pods that have an address, or EndpointSlices',
        ]
      : [],
  );
});

describe('a change is served', () => {
  test.each<[string, () => Promise<unknown>, string[]]>([
    ['a file is written', () => put('a.yaml', service('changed')), ['b', 'changed']],
    ['a file is added', () => put('c.yaml', service('c')), ['a', 'b', 'c']],
    ['a file is deleted', () => unlink(join(folder, 'b.yaml')), ['a']],
    [
      'a file is replaced by rename',
      async () => rename(await put('.a.yaml.swp', service('renamed')), join(folder, 'a.yaml')),
      ['b', 'renamed'],
    ],
    ['a file is emptied', () => put('a.yaml', ''), ['b']],
  ])('%s', async (_, change, expected) => {
    await put('a.yaml', service('a'));
    await put('b.yaml', service('b'));
    const { registry, served } = await start();
    const before = registry.epochs.all.value;
    await change();
    await vi.waitFor(() => expect(served()).toEqual(expected), PATIENT);
    expect(registry.epochs.all.value).toBeGreaterThan(before);
  });

  test.each([
    ['the folder', '.'],
    ['a file in it', 'a.yaml'],
  ])('a ConfigMap, mounted as %s, gets new data by a swap of symbolic links', async (_, path) => {
    const mount = join(folder, 'mount');
    await put('mount/..1/a.yaml', service('old'));
    await symlink('..1', join(mount, '..data'));
    await symlink('..data/a.yaml', join(mount, 'a.yaml'));
    const { served } = await start([join(mount, path)]);
    expect(served()).toEqual(['old']);
    await put('mount/..2/a.yaml', service('new'));
    await symlink('..2', join(mount, '..data_tmp'));
    await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    await rm(join(mount, '..1'), { recursive: true });
    await vi.waitFor(() => expect(served()).toEqual(['new']), PATIENT);
  });

  test('a change that no directory tells of', async () => {
    await put('one/a.yaml', service('a'));
    await put('two/b.yaml', service('b'));
    await symlink('one', join(folder, 'link'));
    const { served } = await start([join(folder, 'link')]);
    await symlink('two', join(folder, 'link_tmp'));
    await rename(join(folder, 'link_tmp'), join(folder, 'link'));
    await vi.waitFor(() => expect(served()).toEqual(['b']), PATIENT);
    await put('two/c.yaml', service('c'));
    await vi.waitFor(() => expect(served()).toEqual(['b', 'c']), PATIENT);
  });

  test('a folder that was deleted and made anew', async () => {
    await put('sub/a.yaml', service('a'));
    const { served, lines } = await start([join(folder, 'sub')]);
    await rm(join(folder, 'sub'), { recursive: true });
    await vi.waitFor(() => expect(lines.join()).toContain('does not exist'), PATIENT);
    await put('sub/b.yaml', service('b'));
    await vi.waitFor(() => expect(served()).toEqual(['b']), PATIENT);
    await put('sub/c.yaml', service('c'));
    await vi.waitFor(() => expect(served()).toEqual(['b', 'c']), PATIENT);
  });
});

test.each([
  ['while its folder is watched', 'prod.yaml', WATCHED_POLL_MS],
  ['while it may not appear in a watched folder', 'later/on/prod.yaml', POLL_MS],
])('a path is looked at again after a while: %s', async (_, name, intervalMs) => {
  const delays: number[] = [];
  const clock: Clock = {
    ...systemClock,
    monotonic: () => 0,
    after(delayMs, run) {
      delays.push(delayMs);
      return systemClock.after(delayMs, run);
    },
  };
  await put('prod.yaml', service('web'));
  await utimes(join(folder, 'prod.yaml'), 0, 0);
  const log = createLogger(() => {});
  const source = new ManifestSource({ paths: [join(folder, name)] }, new Registry(clock), { log, clock });
  sources.push(source);
  await source.start();
  // Before the first look, it is not known which folders hold the files.
  await vi.waitFor(() => expect(delays).toEqual([POLL_MS, intervalMs]), PATIENT);
});

describe('bad input never loses good state', () => {
  test('a broken file keeps its last good objects, and is logged once, and once more when it is good again', async () => {
    await put('a.yaml', service('a'));
    await put('b.yaml', service('b'));
    const { registry, served, complaints, source } = await start();
    await put('b.yaml', 'kind: [');
    await vi.waitFor(() => expect(source.stats().brokenFiles).toBe(1), PATIENT);
    await put('a.yaml', service('changed'));
    await vi.waitFor(() => expect(served()).toEqual(['b', 'changed']), PATIENT);
    expect(registry.synced).toBe(true);
    await put('b.yaml', service('mended'));
    await vi.waitFor(() => expect(served()).toEqual(['changed', 'mended']), PATIENT);
    expect(complaints()).toEqual([
      expect.stringMatching(/^\[ERROR\] DIR\/b\.yaml:1:8: .*; the last good objects of the file stay served$/),
      '[INFO] DIR/b.yaml can be read again without problems',
    ]);
  });

  test('a file that has grown too large is not read', async () => {
    const path = await put('a.yaml', service('a'));
    const { served, complaints } = await start();
    await truncate(path, MAX_FILE_BYTES + 1);
    await vi.waitFor(() => expect(complaints().length).toBe(1), PATIENT);
    expect(complaints()[0]).toContain(
      'DIR/a.yaml has 268435457 octets, expecting at most 268435456; the last good objects',
    );
    expect(served()).toEqual(['a']);
  });

  test.each<[string, (sub: string) => Promise<unknown>]>([
    ['a file of something else', (sub) => writeFile(sub, randomBytes(5000))],
    ['text that is no manifest', (sub) => writeFile(sub, 'hello\n')],
    ['an empty file', (sub) => writeFile(sub, '')],
    ['a FIFO', async (sub) => execFileSync('mkfifo', [sub])],
    ['a device', (sub) => symlink('/dev/zero', sub)],
    ['a folder with a broken file', async () => put('sub/other.yaml', 'kind: [')],
    ['a folder with a FIFO', async (sub) => mkdir(sub).then(() => execFileSync('mkfifo', [join(sub, 'other.yaml')]))],
  ])('%s in the place of the folder keeps what was in it, until there are objects again', async (_, make) => {
    const sub = join(folder, 'sub');
    await put('sub/a.yaml', service('a'));
    const { served, complaints, registry } = await start([sub]);
    await rename(sub, join(folder, 'away'));
    await make(sub);
    await vi.waitFor(
      () => expect(complaints().join()).toContain('without any object: the earlier objects stay served'),
      PATIENT,
    );
    expect([registry.synced, served()]).toEqual([true, ['a']]);
    await rm(sub, { recursive: true });
    await put('sub/b.yaml', service('b'));
    await vi.waitFor(() => expect(served()).toEqual(['b']), PATIENT);
  });

  test('when everything is deleted, the last good set stays, with one warning', async () => {
    await put('sub/a.yaml', service('a'));
    const { registry, served, complaints } = await start([join(folder, 'sub')]);
    await rm(join(folder, 'sub'), { recursive: true });
    await vi.waitFor(() => expect(complaints().length).toBe(1), PATIENT);
    expect([registry.synced, served()]).toEqual([true, ['a']]);
    expect(complaints()).toEqual(['[WARNING] DIR/sub does not exist: the earlier objects stay served']);
  });
});

test('a duplicate is served from the last file by name, with one warning over all loads', async () => {
  await put('a.yaml', service('a', '10.96.0.1'));
  await put('b.yaml', `# another\n---\n${service('a', '10.96.0.2')}`);
  const { registry, served, complaints } = await start();
  expect(registry.service('default', 'a')?.clusterIPs).toEqual(['10.96.0.2']);
  await put('c.yaml', service('c'));
  await vi.waitFor(() => expect(served()).toEqual(['a', 'c']), PATIENT);
  expect(complaints()).toEqual([
    '[WARNING] Service default/a is at DIR/a.yaml:1:1 and at DIR/b.yaml:3:1: the latter is served; remove one of them',
  ]);
});

test('the pods of a StatefulSet follow its manifest, and stay the same while the manifest has a mistake', async () => {
  const statefulSet = (replicas: unknown) =>
    `---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {serviceName: db, replicas: ${replicas}, template: {metadata: {labels: {app: db}}}}}\n`;
  const db = '{apiVersion: v1, kind: Service, metadata: {name: db}, spec: {clusterIP: None, selector: {app: db}}}\n';
  await put('a.yaml', db + statefulSet(2));
  const { registry, source, complaints, lines } = await start();
  const hostNames = () =>
    registry.slicesOf('default', 'db').flatMap((slice) => slice.endpoints.map((each) => each.hostname));
  const addresses = () => [...registry.pods()].map(({ ips }) => ips.join()).sort();
  expect(hostNames()).toEqual(['db-0', 'db-1']);
  expect(lines.join('\n')).toContain('2 endpoints, 2 pods (2 of workloads) and');
  const before = addresses();
  await put('a.yaml', db + statefulSet(3));
  await vi.waitFor(() => expect(hostNames()).toEqual(['db-0', 'db-1', 'db-2']), PATIENT);
  expect(addresses()).toEqual(expect.arrayContaining(before));
  await put('a.yaml', db + statefulSet('two'));
  await vi.waitFor(() => expect(source.stats().brokenFiles).toBe(1), PATIENT);
  expect(hostNames()).toEqual(['db-0', 'db-1', 'db-2']);
  expect(complaints()).toEqual([
    '[ERROR] DIR/a.yaml:3:98: StatefulSet db: spec.replicas is "two", it should be a whole number from 0; its last good state stays served',
  ]);
  await put('a.yaml', db + statefulSet(1));
  await vi.waitFor(() => expect(hostNames()).toEqual(['db-0']), PATIENT);
  expect(addresses()).toEqual([before.find((ip) => ip === addresses()[0])]);
});

test('tells which services have other endpoints and when the file changed, but not of the first load', async () => {
  const slice = (ip: string) =>
    `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s, labels: {kubernetes.io/service-name: a}}, addressType: IPv4, endpoints: [{addresses: [${ip}]}]}`;
  await put('a.yaml', `${service('a')}---\n${service('b', '10.96.0.2')}---\n${slice('10.0.0.1')}`);
  const told: [string, number][] = [];
  const programmed: ManifestEnv['programmed'] = (services, changedAtMs) =>
    told.push([services.map(({ name }) => name).join(), changedAtMs]);
  const source = new ManifestSource({ paths: [folder], debounceMs: 20 }, new Registry(systemClock), {
    ...{ log: createLogger(() => {}), clock: systemClock, programmed },
  });
  sources.push(source);
  await source.start();
  expect(told).toEqual([]);
  const path = await put('a.yaml', `${service('a')}---\n${service('b', '10.96.0.2')}---\n${slice('10.0.0.2')}`);
  await vi.waitFor(() => expect(told).toHaveLength(1), PATIENT);
  expect(told).toEqual([['a', (await stat(path)).ctimeMs]]);
});

test('after stop, nothing is followed', async () => {
  await put('a.yaml', service('a'));
  const { registry, source } = await start();
  source.stop();
  const other = await start();
  await put('b.yaml', service('b'));
  await vi.waitFor(() => expect(other.served()).toEqual(['a', 'b']), PATIENT);
  expect(registry.counts().services).toBe(1);
});
