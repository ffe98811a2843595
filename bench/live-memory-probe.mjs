/*
 * Loaded into each thread of a server under test, before its program. At SIGUSR2, which `cairn` has no use for, each thread collects its
 * garbage and prints how much memory its isolate still holds: `live ROUND OCTETS`. JavaScript, as what strips types takes 10 MiB of each thread.
 */
import { writeSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const STDOUT = 1;

/** Twice: what the first collection finalizes lets go of more. */
async function report(round) {
  gc();
  await new Promise(setImmediate);
  gc();
  const { used_heap_size, malloced_memory, external_memory } = getHeapStatistics();
  writeSync(STDOUT, `live ${round} ${used_heap_size + malloced_memory + external_memory}\n`);
}

const channel = new BroadcastChannel('live-memory');
if (isMainThread) {
  let round = 0;
  process.on('SIGUSR2', () => {
    channel.postMessage(++round);
    void report(round);
  });
} else channel.onmessage = ({ data }) => void report(data);
channel.unref();
