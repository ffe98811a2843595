import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { run } from '../support/tools.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `cairn` in a folder, with a text on standard input. */
function cairn(cwd: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd, timeout: PATIENT.timeout },
      (error, stdout, stderr) =>
        done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
  });
}

const VALID = '. {\n    whoami\n}\n';
const DOUBTFUL = '. {\n    whoami\n    erratic\n    log stdout\n}\n';
const BROKEN = '. {\n    whoamy\n    cache 0\n}\n';
const MAP = `kind: ConfigMap\nmetadata: {name: coredns}\ndata:\n  Corefile: |\n${BROKEN.replace(/^(?=.)/gm, '    ')}`;

const folder = () =>
  folderWith({
    Corefile: VALID,
    doubtful: DOUBTFUL,
    broken: BROKEN,
    empty: '# nothing\n',
    binary: '. {\u0000}\n',
    'map.yaml': MAP,
    'pod.yaml': 'kind: Pod\n',
    'anchors.yaml':
      'kind: List\nx: &it\n  text: &text |\n    . {\n        whoamy\n    }\nitems:\n- kind: ConfigMap\n  metadata: {name: coredns}\n  data: &data\n    Corefile: *text\n',
    'number.yaml': 'kind: ConfigMap\ndata:\n  Corefile: |\n    . { whoami }\n  a.server: 5\n',
    'cut.yaml': `a: ${'['.repeat(100)}\nb: ]\n`,
    'part.yaml': 'kind: ConfigMap\ndata:\n  a.server: |\n    # a.org {\n',
    imports: '. {\n    whoami\n    import no/*.such\n}\n',
    'unknown-import': '. {\n    import nosuch\n}\n',
    'x.override': 'log stdout\n',
    'optional.yaml':
      'kind: ConfigMap\ndata:\n  Corefile: |\n    . {\n        whoami\n        import /etc/coredns/custom/*.override\n    }\n',
    'custom.yaml':
      'kind: ConfigMap\nmetadata: {name: coredns-custom}\ndata:\n  a.server: |\n    a.org {\n        whoami\n    }\n',
  });

test.each<[string[], string, number, RegExp]>([
  [[], '', 0, /^Corefile is valid: 1 server block\n$/],
  [['doubtful'], '', 0, /\ndoubtful is valid: 1 server block, 2 warnings\n$/],
  [['doubtful', '--strict'], '', 1, /doubtful is not valid: 2 warnings\n$/],
  [['doubtful', '--strict', '--ignore', 'never-asked', '--ignore', 'looks-like'], '', 0, /^doubtful is valid/],
  [['broken'], '', 1, /^broken:2:5 - .*did you mean whoami\?\nbroken:3:11 - .*TTL.*\nbroken is not valid: 2 errors\n$/],
  [['map.yaml', 'broken'], '', 1, /Corefile\) is not valid: 2 errors\n(.*\n){2}broken is not valid/],
  [['broken', 'Corefile'], '', 1, /broken is not valid/],
  [['empty'], '', 1, /^empty:1:1 - .*it has no server block/],
  [['-'], '', 1, /^stdin:1:1 - .*it is empty/],
  [['-'], VALID, 0, /^stdin is valid/],
  [['-'], MAP, 1, /^stdin:6:9 - .*whoamy/],
  [['binary'], '', 2, /^binary: it is not a text: octet 4 is 0\n$/],
  [['nosuch', 'Corefile'], '', 2, /^nosuch: there is no such file\nCorefile is valid: 1 server block\n$/],
  [['.'], '', 2, /^\.: it is a folder/],
  [
    ['map.yaml'],
    '',
    1,
    /^map\.yaml:6:9 - .*whoamy.*\nmap\.yaml:7:15 - .*\nmap\.yaml \(ConfigMap coredns, Corefile\) is not valid: 2 errors\n$/,
  ],
  [['anchors.yaml'], '', 1, /^anchors\.yaml:5:9 - .*whoamy.*\n.*coredns, Corefile\)/],
  [['number.yaml'], '', 1, /^number\.yaml:5:3 - .*'a\.server' is not a text: write it as a block, 'a\.server: \|'\n/],
  [['cut.yaml'], '', 1, /^cut\.yaml:2:\d+ - .*not valid YAML.*\ncut\.yaml is not valid: 1 error\n$/],
  [['part.yaml'], '', 0, /^part\.yaml \(ConfigMap without a name, a\.server\) is valid: 0 server blocks\n$/],
  [['imports'], '', 0, /^imports:3:12 - .*\[import-nothing\]\n/],
  [['optional.yaml', '--strict'], '', 0, /^optional\.yaml \(.*\) is valid: 1 server block\n$/],
  [['optional.yaml', 'custom.yaml'], '', 0, /^optional\.yaml:6:16 - .*\[import-nothing\]\n/],
  [['imports', '--no-files'], '', 0, /^imports is valid: 1 server block\n$/],
  [['unknown-import'], '', 1, /^unknown-import:2:12 - .*not found.*\nunknown-import is not valid: 1 error\n$/],
  [['-', '-'], VALID, 2, /^cairn check: standard input can be read only once\n/],
  [
    ['--diff', 'Corefile', 'broken', '--json'],
    '',
    1,
    /^\{\n {2}"changes": null,\n {2}"errors": \[\n {4}\{\n {6}"file": "broken",\n {6}"line": 2,/,
  ],
  [['--diff', '-', '-'], VALID, 2, /^cairn check: standard input can be read only once\n/],
  [['pod.yaml'], '', 1, /^pod\.yaml:1:1 - .*no ConfigMap in it has a Corefile/],
  [['x.override'], '', 0, /\nx\.override is valid: 1 server block, 1 warning\n$/],
  [['--ignore', 'looks-lik'], '', 2, /did you mean looks-like\?/],
  [
    ['--format', 'github', 'doubtful'],
    '',
    0,
    /^::warning file=doubtful,line=3,col=5::plugin\/erratic.*\n::warning file=doubtful,line=4,col=9::/,
  ],
  [['--format', 'github', 'broken'], '', 1, /^::error file=broken,line=2,col=5::Unknown directive 'whoamy'/],
])('cairn check %j, given %j, has the status %i', async (args, input, code, output) => {
  const ended = await cairn(folder(), ['check', ...args], input);
  expect(ended.code).toBe(code);
  expect(ended.stderr + ended.stdout).toMatch(output);
});

test('problems have colours where FORCE_COLOR says so', async () => {
  const args = ['FORCE_COLOR=1', process.execPath, MAIN, 'check', 'doubtful', 'broken'];
  const { stderr } = await run('env', args, { cwd: folder() });
  expect(stderr).toContain('\u001b[33mdoubtful:3:5 - Warning: ');
  expect(stderr).toContain('\u001b[31mbroken:2:5 - Error during parsing: ');
});

test('without any Corefile', async () => {
  expect(await cairn(folderWith({}), ['check'])).toEqual({
    ...{ code: 2, stdout: '' },
    stderr: 'Corefile: there is no such file\n',
  });
});

test('--json', async () => {
  const { code, stdout } = await cairn(folder(), ['check', '--json', 'doubtful', 'map.yaml']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    valid: false,
    files: [
      {
        ...{ file: 'doubtful', valid: true, serverBlocks: 1, errors: [] },
        warnings: [
          { name: 'looks-like', file: 'doubtful', line: 4, column: 9, message: expect.stringContaining("'stdout'") },
          { name: 'never-asked', file: 'doubtful', line: 3, column: 5, message: expect.stringContaining('whoami') },
        ].sort((a, b) => a.line - b.line),
      },
      {
        ...{ file: 'map.yaml', configMap: 'coredns', key: 'Corefile', valid: false, serverBlocks: 0 },
        errors: [
          { file: 'map.yaml', line: 6, column: 9, message: expect.stringContaining('whoamy') },
          { file: 'map.yaml', line: 7, column: 15, message: expect.stringContaining('TTL') },
        ],
        warnings: [],
      },
    ],
  });
});

test('a ConfigMap is checked with what it imports from another, in files of their own, too', async () => {
  const main =
    'kind: ConfigMap\nmetadata: {name: coredns}\ndata:\n  Corefile: |\n    . {\n      whoami\n      import custom/*.override\n    }\n    import /etc/coredns/custom/*.server\n';
  const custom =
    'kind: ConfigMap\nmetadata: {name: coredns-custom}\ndata:\n  log.override: |\n    logg\n  a.server: |\n    a.org {\n      whoami\n    }\n';
  const cwd = folderWith({ 'main.yaml': main, 'custom.yaml': custom });
  const { stderr } = await cairn(cwd, ['check', 'main.yaml', 'custom.yaml']);
  expect(stderr).toMatch(
    /^custom\.yaml:5:5 - .*'logg'; did you mean log\?\nmain\.yaml \(ConfigMap coredns, Corefile\) is not valid: 1 error\n$/,
  );
  const alone = await cairn(cwd, ['check', 'custom.yaml']);
  expect(alone.stderr).toMatch(/^custom\.yaml:5:5 - /);
  expect(alone.stdout).toBe('custom.yaml (ConfigMap coredns-custom, a.server) is valid: 1 server block\n');
});

test('files that the Corefile names are read, unless --no-files says that they are elsewhere', async () => {
  const cwd = folderWith({ Corefile: '. {\n    file db a.org\n    whoami\n}\n', db: 'nonsense\n' });
  const checked = await cairn(cwd, ['check']);
  expect(checked.code).toBe(1);
  expect(checked.stderr).toMatch(/^Corefile:2:5 - .*plugin\/file: .*db:1/);
  const started = await cairn(cwd, ['-p', '0']);
  expect(started.code).toBe(1);
  expect(started.stderr).toBe(checked.stderr.split('\n')[0]!.concat('\n'));
  expect(started.stdout).not.toContain('db:1');
  expect((await cairn(cwd, ['check', '--no-files'])).code).toBe(0);
});

test('--diff says what changes, and nothing for other ways to write the same', async () => {
  const cwd = folderWith({
    old: '. {\n    cache 30\n    forward . 192.0.2.1\n}\n',
    new: '. {\n    cache 60\n    forward . 192.0.2.2\n}\n',
    same: '.:53 { # c\nforward . 192.0.2.1\ncache   30\n}',
  });
  expect((await cairn(cwd, ['check', '--diff', 'old', 'new'])).stdout).toBe(
    '.: cache success TTL 30 s → 60 s\n.: cache denial TTL 30 s → 60 s\n.: all names go to 192.0.2.2 instead of 192.0.2.1\n',
  );
  expect(await cairn(cwd, ['check', '--diff', 'old', 'same'])).toEqual({
    code: 0,
    stdout: 'nothing changes\n',
    stderr: '',
  });
  const asJson = await cairn(cwd, ['check', '--json', '--diff', 'old', 'new']);
  expect(JSON.parse(asJson.stdout).changes[0]).toEqual({ zones: ['.'], change: 'cache success TTL 30 s → 60 s' });
  expect((await cairn(cwd, ['check', '--diff', 'nosuch', 'new'])).code).toBe(2);
});

test('cairn fmt prints, checks and writes', async () => {
  const ugly = '.   {\nwhoami\n}\n';
  const map = `# a comment\nkind:   ConfigMap\ndata:\n  Corefile: |-\n    .   {\n    whoami\n    }\n  other: 'x'\n`;
  const cwd = folderWith({ Corefile: ugly, good: VALID, 'map.yaml': map, broken: BROKEN });
  expect(await cairn(cwd, ['fmt'])).toEqual({ code: 0, stdout: VALID, stderr: '' });
  expect(await cairn(cwd, ['fmt', '-'], ugly)).toEqual({ code: 0, stdout: VALID, stderr: '' });
  expect(await cairn(cwd, ['fmt', '--check', 'Corefile', 'good', 'map.yaml'])).toEqual({
    code: 1,
    stdout: 'Corefile is not formatted\nmap.yaml is not formatted\n',
    stderr: '',
  });
  const wrote = await cairn(cwd, ['fmt', '-w', 'Corefile', 'good', 'map.yaml', 'broken']);
  expect(wrote.code).toBe(1);
  expect(wrote.stdout).toBe('Corefile is formatted now\nmap.yaml is formatted now\n');
  expect(wrote.stderr).toMatch(/^broken:2:5 - .*whoamy/);
  const read = (name: string) => readFileSync(join(cwd, name), 'utf8');
  expect([read('Corefile'), read('broken')]).toEqual([VALID, BROKEN]);
  expect(read('map.yaml')).toBe(map.replace('.   {\n    whoami', '. {\n        whoami'));
  expect((await cairn(cwd, ['fmt', '--check', 'Corefile', 'map.yaml'])).code).toBe(0);
  expect(await cairn(cwd, ['fmt', 'nosuch'])).toMatchObject({ code: 2, stderr: 'nosuch: there is no such file\n' });
  expect((await cairn(cwd, ['fmt', '-w', '-'], ugly)).code).toBe(2);
});
