import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** Which layer each part of src belongs to: a part imports only from lower layers, and from itself. */
const LAYERS: readonly (readonly string[])[] = [
  ['base', 'version.ts'],
  ['dns', 'observe'],
  ['corefile', 'net', 'snapshot'],
  ['resolver', 'registry', 'admin'],
  ['sources', 'plugin'],
  ['zone', 'expression', 'cluster', 'connect', 'declared'],
  ['plugins/*'],
  ['plugins.ts'],
  ['packages'],
  ['server'],
  ['testing'],
  ['index.ts', 'cli'],
];

test('every import of src goes to a lower layer or stays in its own folder', () => {
  expect(sourceFiles().flatMap(violations)).toEqual([]);
});

test('every file of src has a layer', () => {
  expect(sourceFiles().filter((file) => layerOf(partOf(file)) === -1)).toEqual([]);
});

test('the table of layers in docs/architecture.md says the same', () => {
  const page = readFileSync(resolve(SRC, '../docs/architecture.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \| (.+?) \|/gm)].flatMap(([, layer, folders]) =>
    [...folders!.matchAll(/`src\/([^`]+)`/g)].map(
      ([, folder]) => `${layer} ${folder!.replace('plugins/NAME', 'plugins/*')}`,
    ),
  );
  expect(rows.sort()).toEqual(LAYERS.flatMap((parts, layer) => parts.map((part) => `${layer} ${part}`)).sort());
});

test('every folder of src says in one file what it is for and where to begin; plugins have READMEs', () => {
  const folders = Map.groupBy(sourceFiles(), dirname);
  const told = sourceFiles().filter((file) =>
    /^\/\*\*?\n( \*.*\n)*? \*.*\bBegin /.test(readFileSync(join(SRC, file), 'utf8')),
  );
  const counts = [...folders.keys()]
    .filter((folder) => !folder.startsWith('plugins/'))
    .map((folder) => `${folder}: ${told.filter((file) => dirname(file) === folder).length}`);
  expect(counts.filter((count) => !count.endsWith(': 1'))).toEqual([]);
});

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
}

function violations(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const specifiers = [...text.matchAll(/^(?:import|export)\b[^'"]*?['"](\.[^'"]+)['"]/gms)].map((match) => match[1]!);
  return specifiers.flatMap((specifier) => {
    const target = relative(SRC, resolve(SRC, dirname(file), specifier));
    const [from, to] = [partOf(file), partOf(target)];
    return from === to || layerOf(from) > layerOf(to) ? [] : [`${file} imports ${target}`];
  });
}

/** The part of src that a file belongs to: its top folder, each plugin's own folder, or the file itself. */
function partOf(file: string): string {
  const [top, second] = file.split('/');
  return top === 'plugins' ? `plugins/${second}` : top!;
}

function layerOf(part: string): number {
  const name = part.startsWith('plugins/') ? 'plugins/*' : part;
  return LAYERS.findIndex((layer) => layer.includes(name));
}
