import { expect, test } from 'vitest';
import { replaceTexts } from '../format/manifest.ts';
import { configMapKeys, isManifest } from './config-map.ts';

const COREFILE = '. {\n  log\n  whoami\n}\n';

/** A ConfigMap whose Corefile is written in some way. */
const manifest = (written: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: coredns\n  namespace: kube-system\ndata:\n  Corefile: ${written}\n  other: x # kept\n`;

const block = (header: string, indent: string) => `${header}\n${COREFILE.replace(/^(?=.)/gm, indent)}`.trimEnd();

/** The places of `whoami` in the text, as found and as they are in the file. */
function places(text: string): [found: string, real: string] {
  const [key] = configMapKeys('map.yaml', text);
  const before = key!.text.slice(0, key!.text.indexOf('whoami')).split('\n');
  const found = key!.locate(before.length, before.at(-1)!.length + 1);
  const inFile = text.slice(0, text.indexOf('whoami')).split('\n');
  return [`${found.file}:${found.line}:${found.column}`, `map.yaml:${inFile.length}:${inFile.at(-1)!.length + 1}`];
}

test.each([
  ['a block', block('|', '    ')],
  ['a block with other blanks', block('|-', '       ')],
  ['a block that says its blanks', block('|2', '    ')],
  ['a text in double quotes', JSON.stringify(COREFILE)],
  [
    'a text in double quotes over several lines, as kubectl writes it',
    '". {\\n\n    \\  log\\n\n    \\  whoami\\n}\\n"',
  ],
  ['a text in double quotes with folded lines', '". {\n\n      log\n\n    \\  whoami\n\n    }\\n"'],
  ['escapes before it', '"# \\u00e9\\U0001F600\\x41\\n. {\\n whoami\\n}"'],
])('positions are those of the YAML file: %s', (_, written) => {
  const [found, real] = places(manifest(written));
  expect(found).toBe(real);
});

test('a text that cannot be followed has the place of its beginning', () => {
  const [key] = configMapKeys('map.yaml', manifest("'. { whoami }'"));
  expect(key!.locate(1, 5)).toMatchObject({ line: 7, column: 13 });
});

test('lists, several documents, and other objects', () => {
  const item = { kind: 'ConfigMap', metadata: { name: 'coredns-custom' }, data: { 'a.server': 'x' } };
  const text = `kind: Pod\ndata: {Corefile: no}\n---\n${JSON.stringify({ kind: 'List', items: [item, { kind: 'Secret', data: { Corefile: 'no' } }] })}\n---\n${JSON.stringify({ kind: 'ConfigMapList', items: [{ ...item, kind: undefined }] })}`;
  expect(configMapKeys('m', text).map(({ configMap, path }) => [configMap, path])).toEqual([
    ['coredns-custom', '/etc/coredns/custom/a.server'],
    ['coredns-custom', '/etc/coredns/custom/a.server'],
  ]);
});

test('text that is not YAML is an error at its place', () => {
  expect(() => configMapKeys('map.yaml', 'kind: ConfigMap\ndata: {\n')).toThrow(/^map\.yaml:3:1 - .*not valid YAML/);
});

test('text that is nested too deeply is one error', () => {
  expect(() => configMapKeys('map.yaml', `a: ${'['.repeat(20_000)}`)).toThrow(
    /^map\.yaml:1:\d+ - .*not valid YAML: it is nested too deeply$/,
  );
});

test.each([
  ['Corefile', '. {\nwhoami\n}', false],
  ['Corefile', '# kind: x\n\n. {\nwhoami\n}', false],
  ['stdin', '# a\napiVersion: v1\n', true],
  ['stdin', '{"kind": "List"}', true],
  ['stdin', '---\nkind: List', true],
  ['map.yml', '', true],
])('%s with %j holds Kubernetes objects: %s', (file, text, expected) => {
  expect(isManifest(file, text)).toBe(expected);
});

test.each([
  ['|', '    '],
  ['|-', '      '],
  ['|2', '    '],
])('a new text in a block %s changes nothing else', (header, indent) => {
  const before = manifest(block(header, indent));
  const [key] = configMapKeys('m', before);
  const after = replaceTexts(before, [{ key: key!, text: '.:53 {\n\n    errors\n}\n' }]);
  expect(configMapKeys('m', after)[0]!.text.trimEnd()).toBe('.:53 {\n\n    errors\n}');
  expect(after.split('\n').filter((line) => !before.split('\n').includes(line))).toEqual(
    [`${indent}.:53 {`, '', `${indent}    errors`].filter((line) => line !== '' || !before.split('\n').includes('')),
  );
});

test.each(['|', '|2'])('a text with an alias is replaced once: %s', (header) => {
  const before = `kind: ConfigMap\nx:\n  text: &it ${header}\n    . {\n    whoami\n    }\ndata:\n  Corefile: *it\n  b.Corefile: *it\n`;
  const replacements = configMapKeys('m', before).map((key) => ({ key, text: '. {\n    whoami\n}\n' }));
  expect(replacements).toHaveLength(2);
  expect(replaceTexts(before, replacements)).toBe(before.replace('    whoami', '        whoami'));
});

test('a new text in a block has the line breaks of the file', () => {
  const before = manifest(block('|', '    ')).replaceAll('\n', '\r\n');
  const [key] = configMapKeys('m', before);
  const after = replaceTexts(before, [{ key: key!, text: '.:53 {\n    errors\n}\n' }]);
  expect(after).toBe(manifest('|\n    .:53 {\n        errors\n    }').replaceAll('\n', '\r\n'));
});

test('a new text in double quotes changes nothing else; other texts are refused', () => {
  const before = manifest(JSON.stringify(COREFILE));
  const [key] = configMapKeys('m', before);
  expect(replaceTexts(before, [{ key: key!, text: 'a "b"\n' }])).toBe(manifest('"a \\"b\\"\\n"'));
  const folded = manifest('>\n    a b');
  const [other] = configMapKeys('m', folded);
  expect(() => replaceTexts(folded, [{ key: other!, text: 'x' }])).toThrow("write it as a block, 'Corefile: |'");
});
