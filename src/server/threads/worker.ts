import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { loadMachinery } from '../../net/native/batched-udp.ts';
import { BlockingLoop } from '../../net/native/loops.ts';
import { type ServedSocket, serveSocket } from '../../net/native/serve-socket.ts';
import type { BoundSocket } from '../../net/native/socket.ts';
import type { Incoming } from '../../net/transport.ts';
import { systemClock } from '../../observe/clock.ts';
import { scanQuery } from '../memo/key.ts';
import { Backlog } from './backlog.ts';
import { aheadOfMachineMs } from './machine-clock.ts';
import { addStats, NO_STATS, type Order, type Report, type WorkerStart } from './messages.ts';
import { WorkerMemo } from './worker-memo.ts';

/*
 * A thread that answers the queries of its sockets: by recipes, or else with the responses of the main thread.
 *
 * While it serves, it waits in the kernel and not in its event loop: queries are all that it waits for, and a bell with which the main thread says that there
 * are orders. To end, it goes back to its event loop, and ends when nothing is left to wait for. It is never terminated from outside, as its
 * event loop would still watch sockets.
 */

/** How late, at most, the main thread learns of a query that was answered here. */
const REPORT_MS = 1000;

const port = parentPort!;
const { epochs, aheadMs, guests, bell } = workerData as WorkerStart;
const machinery = await loadMachinery();
if (!machinery) throw new Error('batched UDP works in the main thread, but not in this one');

/** The difference between this thread's clock and the main thread's. */
const shiftMs = aheadMs - aheadOfMachineMs(() => performance.now());
const monotonic = () => performance.now() + shiftMs;
const tell = (report: Report, transfer: ArrayBuffer[] = []) => port.postMessage(report, transfer);

const memo = new WorkerMemo(epochs, guests, monotonic, Math.random);
const { kernel } = machinery;
const loop = new BlockingLoop(kernel);
const backlog = new Backlog(
  monotonic,
  (run) => loop.afterTurn(run),
  (queries, octets) => {
    // The main thread does not send recipes again that it counts as known here.
    if (memo.hasForgotten) report();
    tell({ kind: 'queries', queries }, [octets]);
  },
);
const served: ServedSocket[] = [];
/** When the main thread is to learn of the queries that were answered here. */
let reportDueMs: number | undefined;
let isEnding = false;

function receive(incoming: Incoming): Uint8Array | undefined {
  const receivedMs = monotonic();
  reportDueMs ??= receivedMs + REPORT_MS;
  const scan = scanQuery(incoming.bytes);
  const reply = scan && memo.repeat(incoming, scan, receivedMs);
  if (!reply) backlog.ask(incoming, receivedMs);
  return reply;
}

function report(): void {
  reportDueMs = undefined;
  const { passed, dropped } = backlog;
  const stats = addStats([{ ...NO_STATS, passed, dropped }, ...served.map(({ stats }) => ({ ...NO_STATS, ...stats }))]);
  tell({ kind: 'counts', counts: { ...memo.takeCounts(), stats } });
}

function serve(sockets: readonly BoundSocket[]): void {
  for (const socket of sockets)
    served.push(serveSocket({ ...machinery!, loop }, socket, { ...systemClock, monotonic }, receive));
}

/** Ends after the responses are sent and the sockets released. */
async function end(graceMs: number): Promise<void> {
  isEnding = true;
  loop.leave();
  port.on('message', obey);
  await Promise.all(served.map((socket) => socket.release(graceMs)));
  report();
  loop.close();
  port.close();
}

function obey(order: Order): void {
  switch (order.kind) {
    case 'serve':
      serve(order.sockets);
      break;
    case 'replies':
      for (const recipe of order.replies.recipes) memo.learn(recipe);
      backlog.settle(order.replies);
      break;
    case 'handOver':
      memo.handOver(order.guests);
      report();
      tell({ kind: 'handedOver' });
      break;
    case 'close':
      void end(order.graceMs);
      break;
    default:
      throw new TypeError(`no such order: ${JSON.stringify(order)}`);
  }
}

process.on('uncaughtException', (error) => {
  tell({ kind: 'failed', reason: error.stack ?? error.message });
  if (!isEnding) void end(0);
});
loop.watch(bell, () => {
  kernel.unsignal(bell);
  while (!isEnding) {
    const received = receiveMessageOnPort(port);
    if (!received) break;
    obey(received.message);
  }
});
tell({ kind: 'ready' });

function serveOn(): void {
  const goesOn = loop.run(() => (reportDueMs === undefined ? undefined : reportDueMs - monotonic()), report);
  if (goesOn) setImmediate(serveOn);
}
setImmediate(serveOn);
