import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundle } from '../scripts/bundle.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** If a bench takes longer, a server hangs. */
const MAX_RUN_MINUTES = 5;

/** Ends the bench with an error if it does not end by itself. */
export function limitRun(minutes = MAX_RUN_MINUTES): void {
  const giveUp = () => {
    process.stderr.write(`no end after ${minutes} minutes\n`);
    process.exit(1);
  };
  setTimeout(giveUp, minutes * 60_000).unref();
}

/** A server under test. */
export interface BenchProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

/** A cairn process under test. */
export interface BenchServer extends BenchProcess {
  readonly port: number;
}

const running = new Set<ChildProcess>();

// The servers end with the bench, however it ends.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program on these cores, of which `0` is the first. */
export function startProcess(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  cores = '0',
): BenchProcess {
  const env = { ...process.env, ...environment };
  const child = spawn('taskset', ['-c', cores, program, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  child.stdout.on('data', (chunk) => {
    output = (output + chunk).slice(-100_000);
  });
  return {
    child,
    pid: child.pid!,
    output: () => output,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

let program: Promise<string> | undefined;

/** The published form of the command, built from the sources once in each run. */
export function benchProgram(): Promise<string> {
  const folder = join(ROOT, 'bin');
  program ??= bundle(folder).then(() => join(folder, 'cairn.js'));
  return program;
}

/** Starts `cairn` on a free port with this Corefile; `flags` are for Node.js. */
export async function startBenchServer(
  corefile: string,
  flags: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
  cores = '0',
): Promise<BenchServer> {
  const args = [...flags, await benchProgram(), '-p', '0', '-conf', corefile];
  const server = startProcess(process.execPath, args, environment, cores);
  while (!/^Cairn-/m.test(server.output())) {
    if (server.child.exitCode !== null) throw new Error(`cairn ended with status ${server.child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { ...server, port: Number(/:(\d+)(?: on \S+)?$/m.exec(server.output())![1]) };
}

/** The resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  return memoryMiB(pid, 'VmRSS');
}

/** The memory that belongs to a process alone, in MiB, without pages of its program's files, which the system can take back. */
export function ownMiB(pid: number): number {
  return memoryMiB(pid, 'RssAnon');
}

/** The peak of the resident memory of a process, in MiB. */
export function peakMiB(pid: number): number {
  return memoryMiB(pid, 'VmHWM');
}

function memoryMiB(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) / 1024;
}

/** User and system time of a process so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
