import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { expect, type TestContext, test } from 'vitest';
import { bigCluster, bigClusterObjects } from '../../../bench/big-cluster.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import { folderWith } from '../../support/folder.ts';
import { run } from '../../support/tools.ts';
import { canRunContainers, type ImageContainer, imageContainer } from './container.ts';
import { askContinuously } from './continuously.ts';
import { type DnsPod, startDnsPod } from './dns-pod.ts';
import { deployedPod, imageAtHand, octetsOf } from './image.ts';
import type { Machine } from './machine.ts';
import { canPlay, DB, OUTSIDE, WEB } from './shop.ts';
import { startWorld } from './world.ts';

/** Where `.ci/image` has built none, it is not tried. */
const image = canPlay && canRunContainers ? imageAtHand() : undefined;
const withImage = test.runIf(image);

interface Running {
  readonly dns: DnsPod;
  readonly container: ImageContainer;
  readonly client: Machine;
  /** From the start of the container to the first 200 of `/ready`. */
  readonly readyMs: number;
}

async function startImage(context: TestContext, objects: readonly KubernetesObject[] = []): Promise<Running> {
  const world = await startWorld(objects);
  context.onTestFinished(world.stop);
  const container = imageContainer(image!);
  const dns = await startDnsPod(world, 'kubeadm.Corefile', container.run);
  await expect.poll(async () => (await dns.page('ready')).status).toBe(200);
  const readyMs = performance.now() - container.startedAtMs();
  return { dns, container, client: await world.client('10.244.1.1', 'shop'), readyMs };
}

const mebibytes = (octets: number) => Math.round(octets / 2 ** 20);

/** What was measured is for people: a busy machine must not fail a test. */
const report = (line: string) => process.stdout.write(`the image: ${line}\n`);

withImage('the image says what it is, and holds nothing but the command and what it needs', () => {
  const { config, root } = image!;
  const { runAsUser, runAsGroup } = deployedPod().securityContext;
  expect(config.User).toBe(`${runAsUser}:${runAsGroup}`);
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.title': 'cairn',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.version': expect.stringMatching(/./),
    'org.opencontainers.image.revision': expect.stringMatching(/./),
  });
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(root.length));
  const known = [
    /^\/usr\/local\/bin\/(?:node|cairn)$/,
    /^\/cairn\/(?:package\.json|LICENSE)$/,
    /^\/cairn\/bin\/[\w-]+\.(?:js|txt)$/,
    /^\/cairn\/bin\/(?:openapi\.json|page\/[\w-]+\.(?:html|css|js|svg))$/,
    /^\/cairn\/node_modules\/(?:koffi|@koromix)\/(?:.*\/)?(?:[\w-]+\.(?:c?js|node)|package\.json|LICENSE[^/]*)$/,
    /^\/lib(?:64)?\/(?:[\w-]+\/)?[\w.+-]+\.so\.\d+$/,
  ];
  expect(files.filter((file) => !known.some((pattern) => pattern.test(file)))).toEqual([]);
});

withImage('in the pod of deploy/base it is ready at once, answers, and ends when it is told to', async (context) => {
  const { dns, container, client, readyMs } = await startImage(context);
  report(`ready ${Math.round(readyMs)} ms after the start of the container`);
  expect(dns.log()).toContain('UDP is batched');
  expect(await container.exec(...image!.config.Healthcheck.Test.slice(1))).toEqual({
    code: 0,
    stdout: 'OK\n',
    stderr: '',
  });
  expect(await container.exec('/usr/local/bin/cairn', 'health')).toEqual({ code: 0, stdout: 'OK\n', stderr: '' });
  const write = await container.exec('/usr/local/bin/node', '-e', 'fs.writeFileSync("/cairn/x", "")');
  expect(write.stderr).toContain('EROFS');

  const stop = await askContinuously(client, [WEB, DB, OUTSIDE]);
  const dig = await client.run('dig', '+tcp', '+short', '+search', 'web', 'A');
  expect(dig.stdout).toBe('10.96.12.34\n');
  const exit = once(dns.process, 'exit');
  dns.process.kill('SIGTERM');
  await dns.logs('lameduck');
  expect((await dns.page('ready')).status).toBe(503);
  expect(
    Object.fromEntries(Object.entries(await stop()).map(([name, outcomes]) => [name, Object.keys(outcomes)])),
  ).toEqual({
    [WEB]: ['NOERROR 10.96.12.34'],
    [DB]: ['NOERROR 10.244.5.10 10.244.5.11'],
    [OUTSIDE]: ['NOERROR 192.0.2.80'],
  });
  expect(await exit).toEqual([0, null]);
});

withImage('its memory limit is enough for 10,000 services of 15 endpoints, under load', async (context) => {
  // As on a node that has just pulled the image: the pages of files that it reads count for the container.
  await run('dd', [`if=${image!.root}/usr/local/bin/node`, 'iflag=nocache', 'count=0']);
  const services = bigCluster({ services: 10_000, endpointsEach: 15 });
  const { dns, container, client, readyMs } = await startImage(context, [...bigClusterObjects(services)]);
  const names = services.map(({ name, namespace }) => `${name}.${namespace}.svc.cluster.local A\n`);
  const queries = folderWith({ queries: names.join('') });
  const atStart = await container.memory();
  const { stdout } = await client.run('dnsperf', '-s', '10.96.0.10', '-d', `${queries}/queries`, '-l', '8', '-t', '5');
  const underLoad = await container.memory();
  const [, lost] = /Queries lost:\s+(\d+)/.exec(stdout) ?? [];
  report(
    `with 10,000 services ready after ${Math.round(readyMs)} ms; of ${mebibytes(underLoad.limit)} MiB it takes ` +
      `${mebibytes(atStart.anonymous)} at the start, ${mebibytes(underLoad.anonymous)} under load, ` +
      `and never more than ${mebibytes(underLoad.highest)} with pages of files; ${/Queries per second:.*/.exec(stdout)?.[0]}`,
  );
  expect(underLoad.limit).toBe(octetsOf(deployedPod().containers[0]!.resources.limits.memory));
  expect(lost).toBe('0');
  expect(dns.process.exitCode).toBeNull();
  expect((await dns.page('health')).status).toBe(200);
});
