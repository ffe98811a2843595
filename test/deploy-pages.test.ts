import { cpSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { plugins } from '../src/plugins.ts';
import { corefileSource } from '../src/server/configuration/corefile-source.ts';
import { folderWith } from './support/folder.ts';
import { findKustomize } from './support/manifests/kustomize.ts';
import { stepsOf } from './support/pages.ts';
import { run } from './support/tools.ts';

/** What the pages of installation give a reader: overlays, a unit of systemd, a compose file. */

const ROOT = resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const kustomize = findKustomize();

/** The objects of the overlay that a page tells its reader to save, as its reader changes it. */
async function objectsOf(page: string, changed = (overlay: string) => overlay) {
  const [overlay] = stepsOf(page).flatMap((step) =>
    'file' in step && step.file.endsWith('/kustomization.yaml') ? [step] : [],
  );
  const folder = folderWith({ [overlay!.file]: changed(overlay!.text) });
  cpSync(join(ROOT, 'deploy'), join(folder, 'deploy'), { recursive: true });
  return kustomize!(join(folder, dirname(overlay!.file)));
}
const isNamed = ({ kind, metadata }: { kind: string; metadata: { name: string } }) => `${kind} ${metadata.name}`;

test.runIf(kustomize)('the overlay of the README replaces the Deployment of CoreDNS, and nothing else', async () => {
  const objects = await objectsOf('README.md', (overlay) => overlay.replace('count: 2', 'count: 5'));
  expect(objects.map(isNamed)).toEqual(['Deployment coredns']);
  expect(objects[0]!.spec.template.spec.containers[0].image).toBe('registry.example/cairn-dns:0.1.0');
  expect(objects[0]!.spec.replicas).toBe(5);
});

test.runIf(kustomize)("the overlay for Cairn beside another DNS has none of that one's names and labels", async () => {
  const objects = await objectsOf('docs/platforms.md');
  expect(objects.map(isNamed)).toContain('Service cairn');
  expect(JSON.stringify(objects)).not.toMatch(/kube-dns|CoreDNS|clusterIP/);
});

const SYSTEMD = 'deploy/systemd/cairn.service';
const hasSystemd = existsSync('/usr/bin/systemd-analyze');

test.runIf(hasSystemd)('systemd accepts the unit, and finds it little exposed', async () => {
  // The command need not be installed here.
  const unit = read(SYSTEMD).replace('/usr/local/bin/cairn', process.execPath);
  const file = join(folderWith({ 'cairn.service': unit }), 'cairn.service');
  expect(await run('systemd-analyze', ['verify', file])).toEqual({ code: 0, stdout: '', stderr: '' });
  const exposure = await run('systemd-analyze', ['security', '--offline=yes', '--threshold=20', '--no-pager', file]);
  expect(exposure).toMatchObject({ code: 0 });
});

test('the compose file mounts a valid Corefile, and gives the container the rights of deploy/base', () => {
  const { dns } = parse(read('deploy/compose/compose.yaml')).services;
  const mounts = new Map<string, string>(
    dns.volumes.map((volume: string) => {
      const [source, target] = volume.split(':');
      return [target!, join('deploy/compose', source!)];
    }),
  );
  const source = corefileSource({
    file: 'Corefile',
    text: read(`${mounts.get('/etc/cairn')}/Corefile`),
    plugins,
    dnsPort: 53,
  });
  const { configuration } = source.load();
  expect(configuration.warnings).toEqual([]);
  const options = configuration.blocks[0]!.plugins.find(({ definition }) => definition.name === 'kubernetes')!.options;
  expect(JSON.stringify(options)).toContain('"/manifests"');
  expect(existsSync(join(ROOT, mounts.get('/manifests')!))).toBe(true);
  expect(existsSync(join(ROOT, 'deploy/compose', dns.build, 'Dockerfile'))).toBe(true);

  const pod = parse(read('deploy/base/deployment.yaml')).spec.template.spec;
  const [{ securityContext, image, resources }] = pod.containers;
  expect(dns).toMatchObject({
    ...{ image, read_only: securityContext.readOnlyRootFilesystem },
    ...{ cap_add: securityContext.capabilities.add, cap_drop: securityContext.capabilities.drop },
    sysctls: { [pod.securityContext.sysctls[0].name]: Number(pod.securityContext.sysctls[0].value) },
    mem_limit: resources.limits.memory.replace('Mi', 'm'),
  });
});
