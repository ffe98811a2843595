/** Attacks by the operator's files, at the start and while the server follows them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchProgram, peakMiB } from '../server.ts';
import { type Attack, type Scene, sleep } from './attack.ts';

const fifo = (path: string) => execFileSync('mkfifo', [path]);
const endless = (path: string) => symlinkSync('/dev/zero', path);
const huge = (path: string) => {
  writeFileSync(path, '');
  truncateSync(path, 2 ** 40);
};
const garbage = (path: string) =>
  writeFileSync(path, Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)));
const generated = (path: string) => {
  const lines = Array.from({ length: 16 }, (_, i) => `$GENERATE 1-65536 h${i}-$ A 192.0.2.1\n`);
  writeFileSync(
    path,
    `$TTL 60\n@ SOA ns hostmaster ${Math.floor(Date.now() / 1000)} 2 3 4 5\n@ NS ns\n${lines.join('')}`,
  );
};

/** Files that the server follows, and what replaces them. */
const IMPOSTORS: readonly (readonly [file: string, make: (path: string) => void])[] = [
  ['manifests', garbage],
  ['manifests', fifo],
  ['manifests', endless],
  ['hosts', fifo],
  ['hosts', endless],
  ['hosts', huge],
  ['zone', generated],
  ['zone', fifo],
  ['Corefile', fifo],
];

/** Replaces files by other things while the server runs. */
async function replaceFiles({ target, seconds }: Scene) {
  for (const [file, make] of IMPOSTORS) {
    const path = join(target.folder, file);
    rmSync(path, { recursive: true, force: true });
    make(path);
    if (file === 'Corefile') target.process.child.kill('SIGUSR1');
    await sleep((seconds * 1000) / IMPOSTORS.length);
  }
  return { note: `${IMPOSTORS.length} replacements` };
}

/** How long a failing start, or the end after a signal, may take. */
const MAX_START_MS = 10_000;
const MAX_START_MIB = 150;

/** Runs the command with a bad Corefile. Returns what is wrong with how it ends; undefined if nothing is. */
async function startWith(folder: string, corefile: string, make: (path: string) => void): Promise<string | undefined> {
  rmSync(join(folder, 'x'), { force: true });
  make(join(folder, 'x'));
  writeFileSync(join(folder, 'Astray'), corefile);
  const child = spawn(process.execPath, [await benchProgram(), 'check', 'Astray'], { cwd: folder, stdio: 'ignore' });
  return ended(child, `'${corefile}' with ${make.name}`, 1);
}

async function ended(child: ChildProcess, what: string, wanted: number): Promise<string | undefined> {
  const exit = once(child, 'exit');
  let most = 0;
  const timer = setInterval(() => {
    try {
      most = Math.max(most, peakMiB(child.pid!));
    } catch {
      // It has ended.
    }
    if (most > 4 * MAX_START_MIB) child.kill('SIGKILL');
  }, 20);
  const kill = setTimeout(() => child.kill('SIGKILL'), MAX_START_MS);
  const [code] = await exit;
  clearInterval(timer);
  clearTimeout(kill);
  if (code !== wanted) return `${what}: status ${code ?? 'none: it had to be killed'}, ${Math.round(most)} MiB`;
  return most > MAX_START_MIB ? `${what}: ${Math.round(most)} MiB` : undefined;
}

/** A start that waits for its Corefile, and a signal. */
async function signalWhileWaiting(folder: string): Promise<string | undefined> {
  rmSync(join(folder, 'x'), { force: true });
  fifo(join(folder, 'x'));
  const child = spawn(process.execPath, [await benchProgram(), '-p', '0', '-conf', 'x'], {
    cwd: folder,
    stdio: 'ignore',
  });
  await sleep(1500);
  child.kill('SIGTERM');
  return ended(child, 'SIGTERM while -conf waits for a FIFO', 0);
}

async function startAstray({ target: { folder } }: Scene) {
  const makes = [fifo, endless, huge];
  const found = [];
  for (const make of makes) found.push(await startWith(folder, 'import x', make));
  found.push(await signalWhileWaiting(folder));
  return { note: `${makes.length + 1} starts`, broken: found.filter((problem) => problem !== undefined) };
}

const FOLLOWING =
  'hosts FOLDER/hosts hosts.example {\n fallthrough\n }\n file FOLDER/zone generated.example {\n reload 1s\n }';

export const files: readonly Attack[] = [
  {
    id: 'files-followed',
    title: 'FIFOs, devices, garbage and 1,048,576 generated records in the place of files that are followed',
    setup: { lines: FOLLOWING },
    own: true,
    run: replaceFiles,
  },
  {
    id: 'files-start',
    title: 'starts with an import of a FIFO, a device and a file of 1 TiB; SIGTERM while `-conf` waits for a FIFO',
    own: true,
    run: startAstray,
  },
];
