import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { canRun, type Ran, run } from '../../support/tools.ts';

/** Whether machines can be made here: that takes root, iproute2 and util-linux. */
export const canMakeMachines = canRun('unshare', ['-nm', 'ip', 'link', 'add', 'end', 'type', 'veth', 'peer', 'other']);

/** A network and a mount namespace of its own, as a node or a pod has. It is gone when the test is. */
export interface Machine {
  readonly pid: number;
  /** Starts a program in it. */
  start(command: readonly string[]): ChildProcessWithoutNullStreams;
  /** Runs a program in it to its end. */
  run(...command: readonly string[]): Promise<Ran>;
  /** Runs a shell script in it. @throws Error if it fails. */
  setUp(script: string): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a machine, and sets it up with a shell script that is done when this returns. @throws Error if the script fails. */
export async function startMachine(script: string): Promise<Machine> {
  // What keeps the namespaces is `cat`; it ends with its input.
  const holder = spawn('unshare', ['-nm', 'sh', '-ec', `ip link set lo up\n${script}\necho up\nexec cat`]);
  await firstLine(holder, 'a machine');
  const pid = holder.pid!;
  const entering = ['-t', `${pid}`, '-n', '-m', '--'];
  return {
    pid,
    start: (command) => spawn('nsenter', [...entering, ...command]),
    run: (...command) => run('nsenter', [...entering, ...command]),
    async setUp(script) {
      const { code, stderr } = await run('nsenter', [...entering, 'sh', '-ec', script]);
      if (code !== 0) throw new Error(`${script}: ${stderr}`);
    },
    async stop() {
      if (!hasEnded(holder)) {
        holder.stdin.end();
        await once(holder, 'exit');
      }
    },
  };
}

/** Waits for the first line that a program prints. @throws Error with what it complained of, if it ends before. */
export async function firstLine(child: ChildProcessWithoutNullStreams, what: string): Promise<string> {
  let [printed, complaint] = ['', ''];
  child.stderr.on('data', (chunk) => (complaint += chunk));
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('\n')) resolve(printed.slice(0, printed.indexOf('\n')));
    });
    child.on('exit', () => reject(new Error(`${what} did not start: ${complaint}`)));
  });
}

export function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
