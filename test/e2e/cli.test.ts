import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createWriteStream, existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { plugins } from '../../src/plugins.ts';
import { ask } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { run } from '../support/tools.ts';
import { refusedPort } from '../support/upstream.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/cli/main.ts');

const batched = test.runIf(await loadMachinery());

const cairn = (args: readonly string[], cwd = ROOT) => run(process.execPath, [MAIN, ...args], { cwd });

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  output(): string;
  /** The exit code after the signal. */
  signal(name: NodeJS.Signals): Promise<number>;
}

/** Starts `cairn` on a free port and waits for its banner. */
async function start(args: readonly string[], cwd: string, input?: string): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, '-p', '0', ...args], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = printed(child);
  child.stdin.end(input ?? '');
  return {
    child,
    port: await portOf(output),
    output,
    async signal(name) {
      child.kill(name);
      const [code] = await once(child, 'exit');
      return code;
    },
  };
}

const hosts = (address: string) => `. {\nhosts /dev/null {\n${address} www.example.org\n}\n}\n`;

test.each(['-version', '--version'])('%s prints program, version and platform', async (flag) => {
  const { stdout, code } = await cairn([flag]);
  expect(stdout).toMatch(/^Cairn-\d+\.\d+\.\d+\nlinux\/\w+, node v\d+/);
  expect(code).toBe(0);
});

test('help lists each command in a line, after a column that leaves room for what it does', async () => {
  const { stdout } = await cairn(['help']);
  const lines = stdout.split('\n');
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}cache get\|flush {2,}show or flush what the cache/));
  const commands = [...stdout.matchAll(/^ {2}(\w+)(?: \S+)* {2,}\w/gm)].map(([, name]) => name);
  expect(commands).toEqual(expect.arrayContaining(['serve', 'lookup', 'status', 'tail', 'top', 'explain', 'cache']));
});

test('help about help is that of the whole', async () => {
  expect(await cairn(['help', 'help'])).toEqual(await cairn(['help']));
});

test('-plugins lists what there is', async () => {
  const { stdout } = await cairn(['-plugins', '-quiet=true', '-version=false']);
  expect(stdout).toBe(
    `${plugins
      .map(({ name }) => name)
      .sort()
      .join('\n')}\n`,
  );
});

test.each([
  [['-nosuch'], 2, /^cairn: unknown option '-nosuch'\n {2}usage: cairn serve \[flags\]\n {2}see cairn --help\n$/],
  [['completion', 'bsh'], 2, /there is no completion for "bsh"\n {2}expecting one of bash, .*did you mean bash\?\n/],
  [['lookup', '10.0.0.0/8'], 2, /"10\.0\.0\.0\/8" is not a name\n/],
  [['-conf'], 2, /^cairn: -conf needs a value\n {2}write -conf FILE\n {2}see cairn --help\n$/],
  [['-quiet=maybe'], 2, /invalid boolean value "maybe" for -quiet/],
  [['-dns.port', '70000'], 2, /"70000" is not a port\n {2}-dns\.port takes a number from 0 to 65535\n/],
  [['-workers', '0'], 2, /"0" is not a number of threads\n {2}-workers takes a number from 1 to 1024\n/],
  [['-workers', '1025'], 2, /-workers takes a number from 1 to 1024/],
  [['-workers', 'all'], 2, /-workers takes a number from 1 to 1024/],
  [['-conf', 'nosuch.file'], 1, /loading Corefile via flag: open nosuch\.file: no such file/],
  [['-conf', 'src'], 1, /loading Corefile via flag: open src: is a directory/],
  [['-log-format', 'yaml'], 2, /^cairn: -log-format cannot be "yaml"\n {2}expecting one of text, json\n/],
  [['-log-level=warn'], 2, /^cairn: -log-level cannot be "warn"\n {2}expecting one of debug, info, warning, error\n/],
  [['serve', 'now'], 2, /unexpected argument "now"\n {2}usage: cairn serve \[flags\]\n/],
])('%j is refused with status %i and a reason', async (args, status, message) => {
  const { stderr, code } = await cairn(args);
  expect(stderr).toMatch(message);
  expect(code).toBe(status);
});

batched('-workers serves UDP with so many threads, but where the Corefile says otherwise', async () => {
  const others: number[] = [];
  for (const [more, workers] of [
    ['', 3],
    ['multisocket 2', 2],
    ['multisocket 1', 0],
  ] as const) {
    const cairn = await start(['-workers', '3'], folderWith({ Corefile: `. {\n${more}\nwhoami\n}\n` }));
    others.push(readdirSync(`/proc/${cairn.child.pid}/task`).length - workers);
    expect((await ask(cairn.port, 'www.example.org', 'A')).rcode).toBe('NOERROR');
    expect(await cairn.signal('SIGTERM')).toBe(0);
  }
  // Node.js has threads of its own, always as many.
  expect(new Set(others).size).toBe(1);
});

test.runIf(existsSync('/dev/full'))(
  'output that cannot be written is a failure, unless its reader has ended',
  async () => {
    const shell = (script: string) => run('bash', ['-c', script, process.execPath, MAIN], { cwd: ROOT });
    expect(await shell('"$0" "$1" completion zsh >/dev/full')).toMatchObject({
      ...{ code: 1, stdout: '' },
      stderr: expect.stringMatching(/^the output cannot be written: ENOSPC.*\n$/),
    });
    const piped = await shell('"$0" "$1" completion zsh | head -n 1; exit $PIPESTATUS');
    expect(piped).toEqual({ code: 0, stderr: '', stdout: '#compdef cairn\n' });
  },
);

test('a pidfile that cannot be written is logged, and DNS served', async () => {
  const cairn = await start(['-pidfile', 'no/such/folder'], folderWith({ Corefile: hosts('192.0.2.1') }));
  expect(cairn.output()).toMatch(/\[ERROR\] Could not write pidfile: .*no\/such\/folder/);
  expect((await ask(cairn.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  expect(await cairn.signal('SIGTERM')).toBe(0);
  expect(cairn.output()).toContain('[INFO] SIGTERM: Shutting down servers then terminating');
});

test('check reports every error of a file at once, with place and what may have been meant', async () => {
  const corefile = `. {
    forwrd . 192.0.2.1
    cache -5
    health {
        lameduk 5s
    }
    kubernetes cluster.local {
        manifests /dev/null
        ttl 9999
        podz insecure
    }
}
`;
  const { stderr, code } = await cairn(['check', 'Corefile'], folderWith({ Corefile: corefile }));
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^Corefile:2:5 - Error during parsing: Unknown directive 'forwrd'; did you mean forward\?/),
    expect.stringMatching(/^Corefile:3:11 - .*plugin\/cache: invalid TTL '-5', expecting a whole number from 1 on/),
    expect.stringMatching(/^Corefile:5:9 - .*plugin\/health: unknown property 'lameduk'; did you mean lameduck\?/),
    expect.stringMatching(
      /^Corefile:9:13 - .*plugin\/kubernetes: invalid ttl '9999', expecting a whole number from 0 to 3600/,
    ),
    expect.stringMatching(/^Corefile:10:9 - .*plugin\/kubernetes: unknown property 'podz'; did you mean pods\?/),
    'Corefile is not valid: 5 errors',
  ]);
});

test('check says that a good Corefile is good, and what is doubtful in it', async () => {
  const folder = folderWith({ Corefile: '_under.example {\n  whoami\n}\n' });
  const { stdout, stderr, code } = await cairn(['check'], folder);
  expect(stdout).toBe('Corefile is valid: 1 server block, 1 warning\n');
  expect(stderr).toMatch(/Corefile:1:1 - Warning: Domain "_under.example." does not follow RFC1035/);
  expect(code).toBe(0);
});

test('check prints what is doubtful beside errors, as does a start', async () => {
  const folder = folderWith({ Corefile: '. {\n  health :{$CAIRN_TEST_UNSET}\n  log stdout\n  whoami\n}\n' });
  const error =
    /^Corefile:2:10 - Error .*":" is not an address.* - the environment variable 'CAIRN_TEST_UNSET' is not set$/m;
  const checked = await cairn(['check'], folder);
  expect(checked.stderr).toMatch(/^Corefile:3:7 - Warning: plugin\/log: 'stdout' is read as a name/m);
  expect(checked.stderr).toMatch(error);
  expect(checked.code).toBe(1);
  const started = await cairn([], folder);
  expect(started.stdout + started.stderr).toMatch(
    /^\[WARNING\] Corefile:3:7 - plugin\/log: 'stdout' is read as a name/m,
  );
  expect(started.stderr).toMatch(error);
});

test('check finds what only the start used to find: what several blocks say of one listener', async () => {
  const block = (zone: string, idle: string) => `${zone} {\n  timeouts {\n    idle ${idle}\n  }\n  whoami\n}\n`;
  const { stderr, code } = await cairn(['check'], folderWith({ Corefile: block('a', '1s') + block('b', '2s') }));
  expect(stderr).toMatch(/^Corefile:8:3 - .*it holds for the whole listener$/m);
  expect(code).toBe(1);
});

test('without a Corefile every query is answered by whoami, which the start says; for check it is an error', async () => {
  const folder = folderWith({});
  const message = `no Corefile in ${realpathSync(folder)}: answering every query with whoami`;
  expect((await cairn(['check'], folder)).code).toBe(2);
  expect((await start([], folder)).output()).toContain(`[WARNING] Corefile:1:1 - ${message}\n`);
});

test('a start with a broken Corefile prints its errors and ends with status 1', async () => {
  const { stderr, code } = await cairn(['-conf', 'Corefile'], folderWith({ Corefile: '. {\nnosuch\n}\n' }));
  expect(stderr).toMatch(/^Corefile:2:1 - Error during parsing: Unknown directive 'nosuch'/);
  expect(code).toBe(1);
});

test('the Corefile of the working directory is served; SIGTERM ends with status 0 and removes the pidfile', async () => {
  const folder = folderWith({ Corefile: hosts('192.0.2.1') });
  const cairn = await start(['-pidfile', 'cairn.pid'], folder);
  expect(readFileSync(join(folder, 'cairn.pid'), 'utf8')).toBe(`${cairn.child.pid}\n`);
  expect((await ask(cairn.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  expect(await cairn.signal('SIGTERM')).toBe(0);
  expect(() => readFileSync(join(folder, 'cairn.pid'))).toThrow(/ENOENT/);
});

test.each(['-', 'stdin'])('-conf %s reads standard input', async (conf) => {
  const cairn = await start(['-conf', conf], folderWith({}), hosts('192.0.2.7'));
  expect((await ask(cairn.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.7']);
  expect(await cairn.signal('SIGINT')).toBe(0);
});

test('a start that waits for the cluster goes on without it when its time is up', async () => {
  const Corefile = '. {\nkubernetes cluster.local {\nmanifests nowhere\nstartup_timeout 300ms\n}\n}\n';
  const cairn = await start([], folderWith({ Corefile }));
  expect((await ask(cairn.port, 'web.shop.svc.cluster.local', 'A')).rcode).toBe('SERVFAIL');
  expect(await cairn.signal('SIGTERM')).toBe(0);
});

test('SIGUSR1 reloads, SIGHUP does nothing, SIGQUIT ends at once', async () => {
  const folder = folderWith({ Corefile: hosts('192.0.2.1') });
  const cairn = await start(['-pidfile', 'pid'], folder);
  writeFileSync(join(folder, 'Corefile'), hosts('192.0.2.2'));
  cairn.child.kill('SIGHUP');
  cairn.child.kill('SIGUSR1');
  await vi.waitFor(() => expect(cairn.output()).toContain('[INFO] Reloading complete'), PATIENT);
  expect((await ask(cairn.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.2']);
  expect(existsSync(join(folder, 'pid'))).toBe(true);
  expect(await cairn.signal('SIGQUIT')).toBe(0);
  expect(existsSync(join(folder, 'pid'))).toBe(false);
});

test('lameduck: after SIGTERM DNS is answered, health says yes and ready no, until the time is over', async () => {
  const [health, ready] = [`127.0.0.1:${await refusedPort()}`, `127.0.0.1:${await refusedPort()}`];
  const corefile = `${hosts('192.0.2.1').slice(0, -2)}health ${health} {\nlameduck 4s\n}\nready ${ready}\n}\n`;
  const cairn = await start([], folderWith({ Corefile: corefile }));
  expect((await fetch(`http://${ready}/ready`)).status).toBe(200);
  const ended = cairn.signal('SIGTERM');
  await vi.waitFor(async () => expect((await fetch(`http://${ready}/ready`)).status).toBe(503), PATIENT);
  expect((await fetch(`http://${health}/health`)).status).toBe(200);
  expect((await ask(cairn.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  expect(await ended).toBe(0);
});

test('cairn health asks a page, and its status says whether all is well', async () => {
  const [health, ready] = [`127.0.0.1:${await refusedPort()}`, `127.0.0.1:${await refusedPort()}`];
  const folder = folderWith({});
  const unready = 'kubernetes cluster.local {\nmanifests nowhere\nstartup_timeout 10ms\n}\n';
  const server = await start(['-conf', '-'], folder, `. {\nhealth ${health}\nready ${ready}\n${unready}}\n`);
  expect(await cairn(['health', health])).toMatchObject({ code: 0, stdout: 'OK\n' });
  expect(await cairn(['health', health.replace('127.0.0.1', '')])).toMatchObject({ code: 0, stdout: 'OK\n' });
  expect(await cairn(['health', `${ready}/ready`])).toMatchObject({ code: 1, stdout: 'kubernetes\n' });
  await server.signal('SIGTERM');
  expect(await cairn(['health', health])).toMatchObject({ code: 1, stderr: expect.stringMatching(/ECONNREFUSED/) });
  expect(await cairn(['health', '8080'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/not an address/) });
});

test('a signal during the start ends it at once, with status 0', async () => {
  const corefile = 'cluster.local {\nkubernetes {\nmanifests not/there\nstartup_timeout 60s\n}\n}\n';
  const child = spawn(process.execPath, [MAIN, '-p', '0'], { cwd: folderWith({ Corefile: corefile }) });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.kill('SIGUSR1');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

/** What a process prints, as it comes. */
function printed(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  return () => output;
}

/** The port that a server listens on, once it does. */
async function portOf(output: () => string): Promise<number> {
  await vi.waitFor(() => expect(output()).toMatch(/^Cairn-/m), PATIENT);
  return Number(/^\.:(\d+)/m.exec(output())?.[1]);
}

/** `cairn` with a Corefile that a pipe gives, which nobody has written yet. */
function startWaiting(conf: string) {
  const folder = folderWith({});
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const args = [MAIN, '-p', '0', '-conf', conf];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  /** To be called once: a FIFO is at its end when its last writer is gone. */
  const pipe = () => (conf === '-' ? child.stdin : createWriteStream(join(folder, 'pipe')));
  const heedsSignals = () => vi.waitFor(() => expect(mindsSignals(child.pid!)).toBe(true), PATIENT);
  return { child, output: printed(child), pipe, heedsSignals };
}

const SIGUSR2 = 12;

/** Whether a process has taken over the handling of signals: it is told by the one that Node.js itself leaves alone. */
function mindsSignals(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return ((BigInt(`0x${caught}`) >> BigInt(SIGUSR2 - 1)) & 1n) === 1n;
}

describe.each(['-', 'pipe'])('-conf %s', (conf) => {
  test.each(['SIGTERM', 'SIGINT'] as const)('is not waited for after %s', async (signal) => {
    const { child, heedsSignals } = startWaiting(conf);
    await heedsSignals();
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('is waited for, and read to its end, in pieces', async () => {
    const { child, output, heedsSignals, pipe } = startWaiting(conf);
    const writer = pipe();
    writer.write(hosts('192.0.2.7').slice(0, 9));
    await heedsSignals();
    writer.end(hosts('192.0.2.7').slice(9));
    const port = await portOf(output);
    expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.7']);
    child.kill('SIGUSR1');
    await vi.waitFor(() => expect(output()).toContain('[INFO] Reloading complete'), PATIENT);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('that does not end is given up', async () => {
    const { child, output, pipe } = startWaiting(conf);
    const writer = pipe().on('error', () => {});
    const piece = Buffer.alloc(1024 * 1024, '#');
    const write = () => void (writer.writable && writer.write(piece, write));
    write();
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(output()).toContain('has more than 16777216 octets, the limit of a Corefile');
  });
});

test('what the shell makes of <(COMMAND) is a Corefile', async () => {
  const words = [process.execPath, MAIN, '-p', '0', '-conf'].map((word) => `'${word}'`).join(' ');
  const script = `exec ${words} <(printf '. {\\nhosts /dev/null {\\n192.0.2.8 www.example.org\\n}\\n}\\n')`;
  const child = spawn('bash', ['-c', script]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = await portOf(printed(child));
  expect((await ask(port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.8']);
});

test('what a Corefile holds does not rule the terminal', async () => {
  const folder = folderWith({ Corefile: '. {\nno\u202e\u009b31mthing\n}\n' });
  const { stderr, code } = await cairn(['check', 'Corefile'], folder);
  expect(stderr).toContain('no\\u202e\\u009b31mthing');
  expect(stderr).not.toMatch(/[\u202e\u009b]/);
  expect(code).toBe(1);
});

test('a pidfile that is a FIFO without a reader is not waited for', async () => {
  const folder = folderWith({ Corefile: hosts('192.0.2.1') });
  execFileSync('mkfifo', [join(folder, 'pid')]);
  const cairn = await start(['-pidfile', 'pid'], folder);
  expect(cairn.output()).toMatch(/\[ERROR\] Could not write pidfile: ENXIO/);
  expect(await cairn.signal('SIGTERM')).toBe(0);
});

const lameduck = `${hosts('192.0.2.1').slice(0, -2)}health 127.0.0.1:0 {\nlameduck 10m\n}\n}\n`;

test('SIGINT ends an idle server at once, whatever the lameduck time', async () => {
  const cairn = await start([], folderWith({ Corefile: lameduck }));
  expect((await ask(cairn.port, 'www.example.org', 'A')).answer).toEqual(['192.0.2.1']);
  const idle = connect(cairn.port, '127.0.0.1');
  onTestFinished(() => void idle.destroy());
  await once(idle, 'connect');
  expect(await cairn.signal('SIGINT')).toBe(0);
  expect(cairn.output()).not.toContain('lameduck mode');
});

test('SIGINT while the server ends does not wait, and ends it with status 2', async () => {
  const folder = folderWith({ Corefile: lameduck });
  const cairn = await start(['-pidfile', 'pid'], folder);
  cairn.child.kill('SIGTERM');
  await vi.waitFor(() => expect(cairn.output()).toContain('lameduck mode'), PATIENT);
  expect(await cairn.signal('SIGINT')).toBe(2);
  expect(existsSync(join(folder, 'pid'))).toBe(false);
});

test('SIGINT waits for a query in flight, and a second SIGINT does not', async () => {
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await once(silent, 'listening');
  const asked = once(silent, 'message');
  const cairn = await start([], folderWith({ Corefile: `. {\nforward . 127.0.0.1:${silent.address().port}\n}\n` }));
  void ask(cairn.port, 'www.example.org', 'A').catch(() => {});
  await asked;
  cairn.child.kill('SIGINT');
  await vi.waitFor(() => expect(cairn.output()).toContain('SIGINT: Shutting down'), PATIENT);
  expect(await cairn.signal('SIGINT')).toBe(2);
});

test('-quiet prints no banner', async () => {
  const pidfile = join(folderWith({}), 'cairn.pid');
  const args = [MAIN, '-p', '0', '-quiet', '-pidfile', pidfile, '-conf', '-'];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(`. {\nwhoami\n}`);
  const output = text(child.stdout);
  await vi.waitFor(() => readFileSync(pidfile), PATIENT);
  child.kill('SIGTERM');
  expect(await output).not.toMatch(/Cairn|^\.:/m);
});
