import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type TestEnv, type TestEnvOptions, testEnv } from '../../../test/support/env.ts';
import { memoryFiles } from '../../../test/support/memory-files.ts';
import { makePlugin, nextHandler, parseContext, parsePlugin, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { parseCorefile } from '../../corefile/parser.ts';
import { printRcode } from '../../dns/message.ts';
import { printRdata } from '../../dns/presentation.ts';
import type { Handler, Plugin } from '../../plugin/plugin.ts';
import kubernetes from './index.ts';

const ACCEPTANCE = resolve(import.meta.dirname, '../../../test/acceptance');

/** `NAME TYPE => RCODE ANSWERS` for a name that is the plugin's. */
const CLUSTER_ROW = /^(\S+\.(?:cluster\.local|arpa)) (\S+) => (\S+) ?(.*)$/gim;

async function stopAll({ kept }: TestEnv): Promise<void> {
  for (const value of kept.values()) await value.stop?.();
}

async function started(
  body: string,
  options: TestEnvOptions = {},
): Promise<{ plugin: Plugin; env: TestEnv; handler: Handler }> {
  const { plugin, env } = makePlugin(kubernetes, body, { zones: ['cluster.local.'], ...options });
  await startPlugin(plugin);
  return { plugin, env, handler: plugin.wrap!(nextHandler) };
}

describe('the acceptance list', () => {
  let server: Awaited<ReturnType<typeof started>>;

  beforeAll(async () => {
    server = await started(`kubernetes cluster.local in-addr.arpa ip6.arpa {
      manifests ${join(ACCEPTANCE, 'cluster.yaml')}
      pods insecure
      ttl 30
    }`);
  });
  afterAll(() => stopAll(server.env));

  const rows = [...readFileSync(join(ACCEPTANCE, 'expected.txt'), 'utf8').matchAll(CLUSTER_ROW)].map(
    ([, name, type, rcode, answers]) => [name, type, rcode, answers] as const,
  );

  test('has something to say of the cluster', () => {
    expect(rows.length).toBeGreaterThan(30);
  });

  test.each(rows)('%s %s is %s %s', async (name, type, rcode, answers) => {
    const reply = await server.handler(testQuery(`${name}. ${type}`));
    const expected = answers!.match(/"[^"]*"|\S+/g) ?? [];
    const rdata = reply.answer.map(printRdata).map((text) => (text.includes(' ') ? `"${text}"` : text));
    expect([printRcode(reply.rcode), ...rdata.sort()]).toEqual([rcode, ...expected.sort()]);
    expect(reply.aa).toBe(true);
    expect(reply.answer.every((record) => record.name === `${name}.`)).toBe(true);
  });
});

test('the examples of the README are read', () => {
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
  const examples = [...readme.matchAll(/```corefile\n(.*?)```/gs)].map((match) => match[1]!);
  expect(examples).toHaveLength(8);
  for (const text of examples) {
    const corefile = parseCorefile({ file: 'README.md', text, env: {}, files: memoryFiles({}) });
    const zones = ['cluster.local.'];
    expect(corefile.errors).toEqual([]);
    const uses = corefile.blocks[0]!.directives.filter(({ name }) => name === 'kubernetes');
    expect(() => kubernetes.parse(uses, parseContext(zones))).not.toThrow();
  }
});

describe('a registry of manifests', () => {
  const folders: string[] = [];
  const envs: TestEnv[] = [];

  afterEach(async () => {
    await Promise.all(envs.splice(0).map(stopAll));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });

  async function folderWith(files: Record<string, string>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'cairn-'));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return folder;
  }

  const SERVICE =
    'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: shop }\nspec: { ports: [{ port: 80 }] }';

  test('a relative path does not start at root, as it starts at the Corefile, and service_cidr gives addresses', async () => {
    const path = relative('', await folderWith({ 'web.yaml': SERVICE }));
    const body = `kubernetes {\nmanifests ${path}/web.yaml\nservice_cidr 10.96.0.0/30\n}`;
    const { env, handler } = await started(body, { root: '/a/folder/deeper/than/this/one/is/likely/to/be' });
    envs.push(env);
    const reply = await handler(testQuery('web.shop.svc.cluster.local. A'));
    expect(reply.answer.map(printRdata)).toEqual([expect.stringMatching(/^10\.96\.0\./)]);
  });

  test("a repository's own manifests have pods, at the addresses that the README shows", async () => {
    const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
    const yaml = /```yaml\n(.*?)```/s.exec(readme)![1]!;
    const shown = [...readme.matchAll(/^(\S+)\.\s+5 IN (\S+)\s+(.*)$/gm)];
    const folder = await folderWith({ 'redis.yaml': yaml });
    const { env, handler } = await started(`kubernetes cluster.local in-addr.arpa {\nmanifests ${folder}\n}`);
    envs.push(env);
    const rows = await Promise.all(
      shown.map(async ([, name, type]) => (await handler(testQuery(`${name}. ${type}`))).answer.map(printRdata)),
    );
    expect(rows).toEqual(shown.map(([, , , data]) => [data]));
    expect(shown.map(([, , type]) => type)).toEqual(['A', 'SRV', 'PTR']);
    const third = await handler(testQuery('redis-2.redis-headless.cache.svc.cluster.local. A'));
    expect(printRcode(third.rcode)).toBe('NXDOMAIN');
  });

  test('pod_cidr gives the pods of a StatefulSet their addresses', async () => {
    const set =
      'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: db }\nspec: { serviceName: db, template: { metadata: { labels: { app: db } } } }';
    const service =
      'apiVersion: v1\nkind: Service\nmetadata: { name: db }\nspec: { clusterIP: None, selector: { app: db } }';
    const folder = await folderWith({ 'a.yaml': `${set}\n---\n${service}` });
    const { env, handler } = await started(`kubernetes {\nmanifests ${folder}\npod_cidr 192.168.7.8/32\n}`);
    envs.push(env);
    const reply = await handler(testQuery('db-0.db.default.svc.cluster.local. A'));
    expect(reply.answer.map(printRdata)).toEqual(['192.168.7.8']);
  });

  test('labels and namespaces_from_manifests choose what is served', async () => {
    const folder = await folderWith({
      'a.yaml': `${SERVICE}\n---\napiVersion: v1\nkind: Namespace\nmetadata: { name: other, labels: { team: a } }`,
    });
    for (const line of ['labels app=web', 'namespaces_from_manifests', 'namespace_labels team=a']) {
      const { env, handler } = await started(`kubernetes {\nmanifests ${folder}/a.yaml\n${line}\n}`);
      envs.push(env);
      const reply = await handler(testQuery('web.shop.svc.cluster.local. A'));
      expect([line, printRcode(reply.rcode)]).toEqual([line, 'NXDOMAIN']);
    }
  });

  test('it outlives a reload, unless what it depends on changed', () => {
    const env = testEnv({ zones: ['cluster.local.'] });
    envs.push(env);
    const create = (options: string) =>
      kubernetes.create(parsePlugin(kubernetes, `kubernetes {\nmanifests m\n${options}\n}`, ['cluster.local.']), env);
    const registries = () => [...env.kept.keys()].filter((key) => key.startsWith('registry')).length;
    create('ttl 5');
    create('ttl 30\npods insecure');
    expect(registries()).toBe(1);
    create('labels a=b');
    create('service_cidr 10.0.0.0/8');
    create('pod_cidr 10.0.0.0/8');
    expect(registries()).toBe(4);
  });
});
