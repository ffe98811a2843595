import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

/** A bench that takes longer has met a server that hangs. */
const MAX_RUN_MS = 5 * 60_000;

function giveUp(): never {
  process.stderr.write(`no end after ${MAX_RUN_MS / 60_000} minutes\n`);
  process.exit(1);
}

/** A cairn process under test. */
export interface BenchServer {
  readonly child: ChildProcess;
  readonly port: number;
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts `cairn` on a free port with this Corefile, on the first core; `flags` are for Node.js. */
export async function startBenchServer(corefile: string, flags: readonly string[] = []): Promise<BenchServer> {
  const node = [process.execPath, ...flags, resolve(ROOT, 'src/cli/main.ts'), '-p', '0', '-conf', corefile];
  const [program, ...args] = ['taskset', '-c', '0', ...node] as [string, ...string[]];
  const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  setTimeout(giveUp, MAX_RUN_MS).unref();
  let output = '';
  child.stdout.on('data', (chunk) => {
    output = (output + chunk).slice(-100_000);
  });
  while (!/^Cairn-/m.test(output)) {
    if (child.exitCode !== null) throw new Error(`cairn ended with status ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    child,
    pid: child.pid!,
    port: Number(/:(\d+)$/m.exec(output)![1]),
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** The resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

/** User and system time that a process took so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
