import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canPlayPod, runInPod } from '../interop/node-dns/pod.ts';
import { makePackageFolder, withRealNode } from '../support/package-folder.ts';
import { run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
let folder: string;
let example: string;

beforeAll(async () => {
  folder = await makePackageFolder();
  example = join(folder, 'service-discovery');
  cpSync(join(ROOT, 'examples/service-discovery'), example, { recursive: true });
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['its types', 'tsc', ['-p', '.']],
  ['its tests under vitest', 'vitest', ['run']],
  ['its tests under node:test', 'node', ['--test', 'test/database.node.ts']],
])('the example of service discovery passes %s', async (_, program, args) => {
  const ran = await run(join(folder, 'node_modules/.bin', program), args, { cwd: example });
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 });
});

const PAGE = readFileSync(join(ROOT, 'docs/testing-reference.md'), 'utf8');
const blocks = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
/** The page says itself what its later examples begin with. */
const PRELUDE = `import assert from 'node:assert/strict';\n${blocks[1]}`;
const PODS = ['db-0', 'db-1'].map((name, i) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', labels: { app: 'db' } } },
  ...{ spec: { hostname: name, subdomain: 'db' }, status: { podIP: `10.244.1.1${i}` } },
}));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const [inReadme = ''] = /(?<=^```ts\n)import \{ startCluster \}.*?(?=^```$)/ms.exec(README) ?? [];
/** What a comment behind a call says is what the call must give. */
const held = inReadme.replace(/^(await [^;\n]+); \/\/ ([{[].*?[}\]])(?=$|:)/gm, 'assert.deepEqual($1, $2); //');
const examples = [
  ['README.md', `import assert from 'node:assert/strict';\n${held}`] as const,
  ...blocks.map((code, i) => [`docs/testing-reference.md ${i + 1}`, code] as const),
];

test('the comments of the README are held to', () => {
  expect(held.match(/assert\.deepEqual/g)).toHaveLength(2);
});

test.each(examples)('the example in %s does what it says', async (place, code) => {
  const { page, command } = writePage(place, code);
  const [program, ...args] = command;
  const ran = await run(program!, args, { cwd: page });
  expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 });
});

/** What needs the kit's own pods. */
const ONLY_IN_THE_KIT = /\bcluster\.(queries|fail|delay)\(|'cairn-dns\/testing\/expect'/;

describe.runIf(canPlayPod)("with Node's own resolvers, in the namespaces of a pod,", () => {
  // With `install`, the process is in a pod already.
  const real = examples.filter(([, code]) => !ONLY_IN_THE_KIT.test(code) && !code.includes('.install('));
  test.each(real)('the example in %s does what it says', async (place, code) => {
    const { page, command } = writePage(`real ${place}`, code);
    withRealNode(page);
    const ran = await runInPod({}, page, ...command);
    expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 });
  });

  test.each([
    ['vitest', ['vitest', 'run']],
    ['node:test', ['node', '--test', 'test/database.node.ts']],
  ])('the example of service discovery passes its tests under %s', async (name, [program, ...args]) => {
    const copy = join(folder, `real-${name.replace(':', '-')}`);
    cpSync(join(ROOT, 'examples/service-discovery'), copy, { recursive: true });
    withRealNode(copy);
    const ran = await runInPod({}, copy, join(folder, 'node_modules/.bin', program!), ...args);
    expect(ran, ran.stdout + ran.stderr).toMatchObject({ code: 0 });
  });
});

/** A folder with the example as a program, with what it reads beside it, and how it is run. */
function writePage(place: string, code: string): { readonly page: string; readonly command: readonly string[] } {
  const isVitest = code.includes("from 'vitest'");
  const page = join(folder, place.replaceAll(/\W/g, '-'));
  const file = join(page, isVitest ? 'page.test.ts' : 'page.ts');
  cpSync(join(ROOT, 'examples/manifests'), join(page, 'examples/manifests'), { recursive: true });
  cpSync(join(example, 'k8s'), join(page, 'k8s'), { recursive: true });
  for (const pod of PODS) writeFileSync(join(page, 'k8s', `${pod.metadata.name}.json`), JSON.stringify(pod));
  writeFileSync(join(page, 'package.json'), '{"type": "module"}');
  writeFileSync(file, code.includes('import { startCluster }') ? code : PRELUDE + code);
  const bin = (program: string) => join(folder, 'node_modules/.bin', program);
  return { page, command: isVitest ? [bin('vitest'), 'run'] : [bin('node'), file] };
}
