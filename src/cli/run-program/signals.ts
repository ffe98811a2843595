import type { ChildProcess } from 'node:child_process';

/** A terminal sends these to all of its programs, so the program has them already. */
const OF_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
const OTHERS = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Lets signals to this process reach the program instead, until the result is called. */
export function passSignals(program: ChildProcess): () => void {
  const handlers = [...OF_TERMINAL, ...OTHERS].map((signal) => {
    const isSentToAll = OF_TERMINAL.some((one) => one === signal) && process.stdin.isTTY;
    const handler = () => void (isSentToAll || program.kill(signal));
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}
