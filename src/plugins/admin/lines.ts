import type { ServerResponse } from 'node:http';
import type { Clock } from '../../observe/clock.ts';
import { printableJson } from '../../observe/printable.ts';
import type { Kept } from '../../plugin/env.ts';
import { type LineWriter, RequestError } from './http.ts';
import type { AdminCounts } from './metrics.ts';

/** Clients that read lines at the same time, of all addresses. */
export const MAX_VIEWERS = 8;
/** Lines that wait in memory for one client. */
const MAX_WAITING_OCTETS = 64 * 1024;
/** A client that reads nothing for so long has gone, and makes room for another. */
const STALLED_MS = 30_000;

/** The clients that read lines now, of all addresses. */
export interface Viewers extends Kept {
  count: number;
}

interface LinesWorld {
  readonly clock: Clock;
  readonly counts: AdminCounts;
  readonly viewers: Viewers;
}

/** Sends lines of JSON for as long as the client reads. @throws RequestError if there are too many viewers, and what `lines` throws */
export async function sendLines(
  world: LinesWorld,
  response: ServerResponse,
  abort: AbortController,
  lines: (write: LineWriter) => Promise<void>,
): Promise<void> {
  const { counts, viewers } = world;
  if (viewers.count >= MAX_VIEWERS) {
    counts.refusedViewers.value++;
    throw new RequestError(429, `${MAX_VIEWERS} clients read lines already, and no more can - end one of them`);
  }
  viewers.count++;
  counts.viewers.value++;
  try {
    response.writeHead(200, { 'content-type': 'application/x-ndjson', connection: 'close' }).flushHeaders();
    if (!abort.signal.aborted) await lines(writerTo(world, response));
    response.end();
  } finally {
    viewers.count--;
    counts.viewers.value--;
  }
}

/** A line that finds others waiting is left out: a slow client costs lines, and no memory. */
function writerTo({ clock, counts }: LinesWorld, response: ServerResponse): LineWriter {
  let fullSince: number | undefined;
  return (value) => {
    if (response.destroyed) return false;
    if (response.writableLength <= MAX_WAITING_OCTETS) {
      fullSince = undefined;
      response.write(`${printableJson(value)}\n`);
      return true;
    }
    counts.droppedLines.value++;
    fullSince ??= clock.monotonic();
    if (clock.monotonic() - fullSince >= STALLED_MS) response.destroy();
    return false;
  };
}
