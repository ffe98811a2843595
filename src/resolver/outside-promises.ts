import dns from 'node:dns';

const { lookup } = dns;

/**
 * What the program's callback throws must not reject a promise. Node's own function calls it in a next tick, as an address needs no lookup;
 * `process.nextTick` may be one of the timers that a test has replaced.
 */
export function outsidePromises(run: () => void): void {
  lookup('127.0.0.1', run);
}
