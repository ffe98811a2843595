import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { hasEnded } from '../interop/pod/machine.ts';

/** More of what a program prints is forgotten. */
const MAX_PRINTED = 4_000_000;

/** A program that may be ended and started again, with other arguments where they are given. */
export class Program {
  private readonly path: string;
  private args: readonly string[];
  private child: ChildProcess | undefined;
  private printed = '';

  constructor(path: string, args: readonly string[]) {
    this.path = path;
    this.args = args;
  }

  /** It ends with this process. */
  start(args: readonly string[] = this.args): void {
    this.args = args;
    const child = spawn('setpriv', ['--pdeathsig=KILL', this.path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => (this.printed = `${this.printed}${chunk}`.slice(-MAX_PRINTED)));
    this.child = child;
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.child || hasEnded(this.child)) return;
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    await exit;
  }

  /** Waits until `isReady`. @throws Error with what it printed last, if it ends before or takes too long. */
  async ready(isReady: () => Promise<boolean>, withinMs = 120_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (!(await isReady().catch(() => false))) {
      const ended = !this.child || hasEnded(this.child);
      if (ended || performance.now() > end)
        throw new Error(`${this.path} ${ended ? 'ended' : 'is not ready'}:\n${this.printed.slice(-4000)}`);
      await pause(50);
    }
  }

  /** What it has printed last. */
  log(): string {
    return this.printed;
  }
}
