import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { definePlugin } from '../../src/plugin/plugin.ts';
import { createReply } from '../../src/plugin/reply.ts';
import { plugins as builtIn } from '../../src/plugins.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';
import { run } from '../support/tools.ts';

const MAIN = join(resolve(import.meta.dirname, '../..'), 'src/cli/main.ts');

const hosts = (address: string, more = '') => `. {\nhosts /dev/null {\n${address} www.example.org\n}\n${more}\n}\n`;

interface Line {
  readonly time: string;
  readonly level: string;
  readonly plugin?: string;
  readonly msg: string;
}

/** What a process printed. Every line must be an object with the parts of a log line. */
function objectsOf(text: string): Line[] {
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => {
    const object = JSON.parse(line) as Line;
    expect(object).toMatchObject({ level: expect.stringMatching(/^[A-Z]+$/), msg: expect.any(String) });
    expect(new Date(object.time).toISOString()).toBe(object.time);
    return object;
  });
}

const printed = (lines: readonly Line[]) =>
  lines.map(({ level, plugin, msg }) => `${level} ${plugin === undefined ? '' : `${plugin}: `}${msg}`);

/** A server whose log is JSON, with all that it has printed so far. */
async function start(folder: string, ...args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [MAIN, '-p', '0', '-log-format=json', ...args], { cwd: folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream]?.on('data', (chunk) => (texts[stream] += chunk));
  const lines = () => objectsOf(texts.stdout);
  const logs = (pattern: RegExp) => vi.waitFor(() => expect(texts.stdout).toMatch(pattern), PATIENT);
  await logs(/"msg":"linux\/.*\n/);
  const port = Number(/"msg":"\.:(\d+)"/.exec(texts.stdout)![1]);
  return { child, lines, logs, port, texts };
}

test('start, queries, reloads with and without mistakes, and the end are an object a line', async () => {
  const folder = folderWith({
    Corefile: `# try: dig www.example.org\n${hosts('192.0.2.1', 'log\nlog example.org')}fails.test {\nerrors\n}\n`,
  });
  const cairn = await start(folder);
  await cairn.logs(/"msg":"dig .*\n/);
  expect(printed(cairn.lines())).toEqual([
    expect.stringMatching(/^WARNING Corefile:\d+:1 - plugin\/log: logs nothing: 'log' at Corefile:\d+:1 decides /),
    expect.stringMatching(/^WARNING Corefile:\d+:1 - no plugin of the block answers queries/),
    expect.stringMatching(/^INFO UDP is /),
    expect.stringMatching(/^INFO \.:\d+$/),
    expect.stringMatching(/^INFO fails\.test\.:\d+$/),
    expect.stringMatching(/^INFO Cairn-/),
    expect.stringMatching(/^INFO linux\//),
    'INFO Try:',
    'INFO dig www.example.org',
  ]);
  const before = cairn.lines().length;
  await ask(cairn.port, 'WWW.Example.org', 'A');
  await ask(cairn.port, 'www.fails.test', 'A');
  writeFileSync(join(folder, 'Corefile'), '. {\nnosuch\n}\nb {\ncache -5\n}\n');
  cairn.child.kill('SIGUSR1');
  await cairn.logs(/Restart failed.*\n/);
  writeFileSync(join(folder, 'Corefile'), hosts('192.0.2.2'));
  cairn.child.kill('SIGUSR1');
  await cairn.logs(/Reloading complete.*\n/);
  cairn.child.kill('SIGTERM');
  expect(await once(cairn.child, 'exit')).toEqual([0, null]);
  expect(printed(cairn.lines().slice(before))).toEqual([
    expect.stringMatching(/^INFO 127\.0\.0\.1:\d+ - \d+ "A IN www\.example\.org\. udp \d+ false \d+" NOERROR qr,aa,/),
    expect.stringMatching(/^ERROR errors: 2 www\.fails\.test\. A: /),
    'INFO SIGUSR1: Reloading',
    'INFO Reloading',
    expect.stringMatching(/^ERROR Restart failed: Corefile:2:1 - .*'nosuch'.*; Corefile:5:7 - .*plugin\/cache: /),
    'INFO SIGUSR1: Reloading',
    'INFO Reloading',
    'INFO Reloading complete',
    'INFO SIGTERM: Shutting down servers then terminating',
  ]);
  expect(cairn.texts.stderr).toBe('');
});

describe('errors that keep the server from starting are lines of standard error', () => {
  const started = (folder: string, ...args: readonly string[]) =>
    run(process.execPath, [MAIN, '-p', '0', '-log-format', 'json', ...args], { cwd: folder });

  test.each<[string, string[], Record<string, string>, RegExp[]]>([
    [
      'each mistake of a Corefile',
      [],
      { Corefile: '. {\nforwrd . 192.0.2.1\ncache -5\n}\n' },
      [
        /^FATAL Corefile:2:1 - Error during parsing: Unknown directive 'forwrd'; did you mean forward\?/,
        /^FATAL Corefile:3:7 - Error during parsing: plugin\/cache: /,
      ],
    ],
    ['a syntax error', [], { Corefile: '. {\nwhoami\n' }, [/^FATAL Corefile:\d+:\d+ - Syntax error: /]],
    [
      'what a plugin finds at its start',
      [],
      { Corefile: '. {\nforward . /dev/null\n}\n' },
      [/^FATAL Corefile:2:1 - .*plugin\/forward: no valid upstream/],
    ],
    [
      'an address that the machine does not have',
      [],
      { Corefile: '. {\nbind 192.0.2.77\nwhoami\n}\n' },
      [/^FATAL cannot listen on /],
    ],
    [
      'a Corefile that does not exist',
      ['-conf', 'nosuch'],
      {},
      [/^FATAL loading Corefile via flag: open nosuch: no such/],
    ],
    ['a package that does not exist', ['-plugin', './nosuch'], {}, [/^FATAL .*nosuch/]],
    ['a name that would rule the terminal', ['-conf', 'a\n\x1b[2J'], {}, [/open a; \\u001b\[2J: no such/]],
  ])('%s', async (_, args, files, lines) => {
    const { stdout, stderr, code } = await started(folderWith(files), ...args);
    expect(printed(objectsOf(stderr))).toEqual(lines.map((line) => expect.stringMatching(line)));
    objectsOf(stdout);
    expect(code).toBe(1);
  });

  test('but a wrong flag is explained in text, as are help and version', async () => {
    const folder = folderWith({});
    expect(await started(folder, '-nosuch')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^cairn: unknown/),
    });
    expect((await started(folder, '-version')).stdout).toMatch(/^Cairn-/);
    expect((await started(folder, '-plugins')).stdout).toMatch(/^acl\n/);
  });
});

test('what Node.js reports is logged, too: its warnings, and the error that ends the process', async () => {
  const plugin = `import { existsSync } from 'node:fs';
  export default {
    name: 'fails', parse() {}, create: () => ({
      serving() {
        process.emitWarning('look\\n[INFO] here');
        setInterval(() => { if (existsSync('pid')) throw new Error('lost\\x1b[2J'); }, 5);
      },
    }),
  };`;
  const packageJson = JSON.stringify({
    name: 'fails',
    version: '1.0.0',
    type: 'module',

    cairn: { plugin: './index.js', api: 1 },
  });
  const folder = folderWith({
    'fails/index.js': plugin,
    'fails/package.json': packageJson,
    Corefile: '. {\nfails\nwhoami\n}\n',
  });
  for (const format of ['text', 'json'] as const) {
    const args = [MAIN, '-p', '0', '-plugin', './fails', '-pidfile', 'pid', '-log-format', format];
    const { stdout, stderr, code } = await run(process.execPath, args, { cwd: folder });
    const warning = 'Node.js: Warning: look; [INFO] here';
    const error = /uncaught exception: Error: lost\\u001b\[2J; at .*fails\/index\.js/;
    if (format === 'text') {
      expect(stdout).toContain(`[WARNING] ${warning}\n`);
      expect(stderr).toMatch(new RegExp(`^\\[FATAL\\] ${error.source}.*\n$`));
    } else {
      expect(printed(objectsOf(stdout))).toContain(`WARNING ${warning}`);
      expect(printed(objectsOf(stderr))).toEqual([expect.stringMatching(error)]);
    }
    expect(code).toBe(1);
    expect(existsSync(join(folder, 'pid'))).toBe(false);
  }
});

describe('-log-level', () => {
  const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
  const talks = definePlugin({
    name: 'talks',
    parse: () => undefined,
    create: (_, env) => ({
      wrap: () => () => createReply('talks'),
      observe(query) {
        for (const level of LEVELS) env.log[level](query.name);
        env.queryLog(query.name);
      },
    }),
  });
  const plugins = [...builtIn.filter(({ name }) => name === 'debug' || name === 'log'), talks];

  test.each([
    ['debug', ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'INFO query']],
    ['info', ['INFO', 'WARNING', 'ERROR', 'INFO query']],
    ['warning', ['WARNING', 'ERROR']],
    ['error', ['ERROR']],
  ] as const)('%s hides less severe lines, except those of a block with debug', async (logLevel, levels) => {
    const { port, lines } = await startServer('a {\ntalks\n}\nb {\ndebug\ntalks\n}', { plugins, logLevel });
    const before = lines.length;
    await ask(port, 'a', 'A');
    await ask(port, 'b', 'A');
    const shown = lines
      .slice(before)
      .map((line) =>
        line.replace(/\[(\w+)\] (plugin\/talks: )?/, (_, level, own) => `${level}${own ? ' ' : ' query '}`),
      );
    const expected = (name: string, levels: readonly string[]) => levels.map((level) => `${level} ${name}.`);
    expect(shown).toEqual([
      ...expected('a', levels),
      ...expected('b', ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'INFO query']),
    ]);
  });

  test('a plugin log whose lines are hidden says so', async () => {
    const { port, lines } = await startServer('. {\nlog\nwhoami\n}', { logLevel: 'warning' });
    expect(lines).toEqual([
      '[WARNING] plugin/log: logs nothing: its lines have the level info, and the log level hides them',
    ]);
    for (let i = 0; i < 3; i++) await ask(port, 'www.example.org', 'A');
    expect(lines).toHaveLength(1);
    const { lines: shown, port: other } = await startServer('. {\ndebug\nlog\nwhoami\n}', { logLevel: 'warning' });
    await ask(other, 'www.example.org', 'A');
    expect(shown.filter((line) => line.startsWith('[INFO] '))).toHaveLength(1);
  });

  test('is a flag of the server', async () => {
    const folder = folderWith({ Corefile: hosts('192.0.2.1', 'log stdout') });
    const child = spawn(process.execPath, [MAIN, '-p', '0', '-log-level', 'warning'], { cwd: folder });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    await vi.waitFor(() => expect(output).toMatch(/^linux\//m), PATIENT);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(output).toMatch(/^\[WARNING\] Corefile:\d+:5 - plugin\/log: 'stdout' is read as a name/m);
    expect(output).not.toMatch(/^\[INFO\]/m);
  });
});
