import type { Logger } from '../observe/log.ts';

/** Logs what Node.js would print itself, in a form of its own: its warnings, and the error that ends the process. */
export function logNodeReports(log: Logger, die: (message: string) => void): void {
  // Node.js has no listener if the operator wants no warnings.
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => log.warning(`Node.js: ${name}: ${message}`));
  }
  process.on('uncaughtException', (error) => die(`uncaught exception: ${stackOf(error)}`));
}

/** JavaScript lets a program throw anything. */
function stackOf(thrown: unknown): string {
  return (thrown instanceof Error && thrown.stack) || String(thrown);
}
