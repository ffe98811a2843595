import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { binaryFor } from '../support/binary.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { canRun, run } from '../support/tools.ts';

/** The single file as one who has only that would use it. test/e2e/bundle.test.ts starts its threads and processes. */

const COREFILE = `. {
    hosts /dev/null {
        192.0.2.1 www.example.org
    }
    reload 2s
}
`;
/** What the machine code of an ELF file is for, at its place in the header. */
const MACHINES = { x64: 62, arm64: 183 };
const MACHINE_AT = 18;
/** In a mount namespace, no temporary file may hold code. */
const WITHOUT_CODE = `
export PATH=/usr/bin:/bin TMPDIR=/dev/shm
for folder in /dev/shm /var/tmp; do mount -t tmpfs -o noexec none $folder; done
exec "$0" "$@"`;

const withDig = canRun('dig', ['-v']);
const withMounts = canRun('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/var/tmp']);

type Command = readonly [program: string, ...args: string[]];

/** Starts the server in a folder, with no program on the PATH. */
async function start([program, ...first]: Command, cwd: string, ...args: string[]) {
  const child = spawn(program, [...first, '-p', '0', ...args], { cwd, env: { PATH: cwd } });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  await vi.waitFor(() => expect(output).toMatch(/^Cairn-/m), PATIENT);
  return { child, port: /^\.:(\d+)/m.exec(output)![1]!, output: () => output };
}

async function dig(port: string, ...args: string[]): Promise<string> {
  return (await run('dig', ['@127.0.0.1', '-p', port, '+short', 'www.example.org', ...args])).stdout.trim();
}

const files = Object.keys(MACHINES).flatMap((architecture) => {
  const command = binaryFor(architecture);
  return command ? [{ architecture: architecture as keyof typeof MACHINES, command }] : [];
});
const own = files.find(({ architecture }) => architecture === process.arch)?.command;

describe.each(files)('the single file for $architecture', ({ architecture, command }) => {
  const [program, ...first] = command;
  const path = command.at(-1)!;

  test('is a program for this machine code, and names its licences', async () => {
    const header = Buffer.alloc(64);
    const file = openSync(path, 'r');
    readSync(file, header);
    closeSync(file);
    expect(header.readUInt16LE(MACHINE_AT)).toBe(MACHINES[architecture]);
    const licences = readFileSync(`${path}-LICENSES.txt`, 'utf8');
    expect(licences).toMatch(/Apache License[\s\S]*^koffi \d[\s\S]*^Node\.js is licensed for use as follows:/m);
  });

  test.runIf(withDig)('serves in an empty folder without Node.js, and leaves nothing there', async () => {
    const cwd = folderWith({ Corefile: COREFILE });
    expect(await run(program, [...first, 'check'], { cwd })).toMatchObject({ code: 0 });
    const lookup = ['lookup', 'www.example.org.', 'A', '--corefile', 'Corefile'];
    expect((await run(program, [...first, ...lookup], { cwd })).stdout).toContain('192.0.2.1');
    const { child, port, output } = await start(command, cwd, '-workers', '2');
    expect(output()).toContain('UDP is batched');
    for (const protocol of ['+notcp', '+tcp']) expect(await dig(port, protocol)).toBe('192.0.2.1');
    writeFileSync(join(cwd, 'Corefile'), COREFILE.replace('192.0.2.1', '192.0.2.2'));
    await vi.waitFor(async () => expect(await dig(port)).toBe('192.0.2.2'), { ...PATIENT, interval: 200 });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(output()).toMatch(/Reloading complete[\s\S]*SIGTERM/);
    expect(output()).not.toContain('Warning');
    expect(readdirSync(cwd)).toEqual(['Corefile']);
  });
});

test.runIf(own)('a plugin package comes from the disk', async () => {
  const cwd = folderWith({});
  cpSync(resolve(import.meta.dirname, '../../examples/plugin'), join(cwd, 'plugin'), { recursive: true });
  const { stdout } = await run(own![0], ['-plugin', './plugin', '-plugins'], { cwd });
  expect(stdout).toMatch(/^inside$/m);
});

test.runIf(own)('a path starts a program of the file itself, and no other', async () => {
  const outside = join(folderWith({ 'outside.js': 'process.stdout.write("outside")' }), 'outside.js');
  const { code, stdout } = await run(own![0], [`${own![0]}/${relative(own![0], outside)}`]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test.runIf(own && withMounts)('where temporary files may hold no code, UDP is portable', async () => {
  const cwd = folderWith({});
  const { output } = await start(['/usr/bin/unshare', '-rm', '/bin/sh', '-ec', WITHOUT_CODE, own![0]], cwd);
  expect(output()).toContain('UDP is portable');
});
