/*
 * `GET /v1/top`: who asks most, and for what. Begin here: lines each second; collector.ts counts. It is loaded when the first viewer comes.
 */

import type { ServerControl } from '../../../plugin/server-control.ts';
import type { LineWriter } from '../http.ts';
import { gone, type ViewerEnv } from '../viewers.ts';
import { Collector } from './collector.ts';

const LINE_MS = 1000;

interface TopOptions {
  /** Of each list. */
  readonly limit: number;
  /** After which it ends; without it, it goes on. */
  readonly seconds: number | undefined;
}

/** Shows the lists to a viewer each second until it leaves, or its time is over. A viewer that reads slowly misses some of the lines. */
export async function top(
  control: ServerControl,
  env: ViewerEnv,
  { limit, seconds = Number.POSITIVE_INFINITY }: TopOptions,
  write: LineWriter,
  signal: AbortSignal,
): Promise<void> {
  const collector = new Collector(control, env);
  const ended = Promise.withResolvers<void>();
  const sinceMs = env.clock.monotonic();
  const leave = control.follow(collector);
  let lines = 0;
  const timer = env.clock.every(LINE_MS, () => {
    lines++;
    write(collector.lists(limit, Math.round(env.clock.monotonic() - sinceMs) / 1000));
    if (lines >= seconds) ended.resolve();
  });
  try {
    await Promise.race([ended.promise, gone(signal)]);
  } finally {
    timer.cancel();
    leave();
  }
}
