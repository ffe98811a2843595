/*
 * `GET /v1/tail`: the queries of the server as they come. Begin here; filters.ts chooses queries, sample.ts thins them out, and line.ts is what is
 * shown. It is loaded when the first viewer comes.
 */

import { setImmediate } from 'node:timers/promises';
import type { TailNote, TailQuery } from '../../../admin/protocol/index.ts';
import type { Timer } from '../../../observe/clock.ts';
import type { Query } from '../../../plugin/query.ts';
import type { Sent } from '../../../plugin/sent.ts';
import type { Follower, ServerControl, Way } from '../../../plugin/server-control.ts';
import type { LineWriter } from '../http.ts';
import { gone, type ViewerEnv } from '../viewers.ts';
import type { Filter } from './filters.ts';
import { lineOf } from './line.ts';
import { Sample } from './sample.ts';

export { FILTERS, readFilter } from './filters.ts';

/** Lines a second for a viewer, and how many a viewer may want at most. */
export const DEFAULT_RATE = 200;
export const MAX_RATE = 2000;
/** How many lines are written in one turn of the event loop: so few that queries do not wait, and that all have room in what may wait for one viewer. */
const LINES_AT_ONCE = 32;
/** Notes of what is missing come this often at most. */
const NOTE_MS = 1000;

interface TailOptions {
  readonly filter: Filter;
  readonly rate: number;
  /** After which it ends; without it, it goes on. */
  readonly count: number | undefined;
}

/**
 * One viewer. Lines are not written while a query is answered, but at the end of each window of the sample: so what a viewer costs does not delay a
 * response.
 */
export class Tail implements Follower {
  /** Settles when the viewer has got as many lines as it wanted. */
  readonly ended: Promise<void>;
  private readonly end: () => void;
  private readonly control: ServerControl;
  private readonly env: ViewerEnv;
  private readonly filter: Filter;
  private readonly sample: Sample<TailQuery>;
  private readonly write: LineWriter;
  private left: number;
  private missing: TailNote = { sampledOut: 0, dropped: 0 };
  private notedMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;

  constructor(control: ServerControl, env: ViewerEnv, { filter, rate, count }: TailOptions, write: LineWriter) {
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.end = ended.resolve;
    this.control = control;
    this.env = env;
    this.filter = filter;
    this.sample = new Sample(rate, env.random);
    this.write = write;
    this.left = count ?? Number.POSITIVE_INFINITY;
  }

  query(query: Query, sent: Sent, way: Way): void {
    if (!this.filter(query, sent)) return;
    const { clock } = this.env;
    this.timer ??= clock.after(this.sample.windowMs, () => void this.flush());
    const make = () => lineOf(query, sent, way, clock.now(), this.control.namespaceOf(query.client.address));
    this.sample.offer(make, clock.monotonic());
  }

  stop(): void {
    this.timer?.cancel();
    this.left = 0;
  }

  /** Writes what was chosen, in slices, and what is missing. Another window begins with the next query. */
  private async flush(): Promise<void> {
    const { items, leftOut } = this.sample.take();
    this.miss({ sampledOut: leftOut, dropped: 0 });
    await this.writeAll(items);
    this.note();
    if (this.left <= 0) {
      this.end();
      return;
    }
    const isWaiting = !this.sample.isEmpty || this.missing.sampledOut + this.missing.dropped > 0;
    this.timer = isWaiting ? this.env.clock.after(this.sample.windowMs, () => void this.flush()) : undefined;
  }

  private async writeAll(items: readonly TailQuery[]): Promise<void> {
    for (const [i, item] of items.entries()) {
      if (i > 0 && i % LINES_AT_ONCE === 0) await setImmediate();
      if (this.left <= 0) return;
      if (this.write(item)) this.left--;
      else this.miss({ sampledOut: 0, dropped: 1 });
    }
  }

  private miss({ sampledOut, dropped }: TailNote): void {
    this.missing = { sampledOut: this.missing.sampledOut + sampledOut, dropped: this.missing.dropped + dropped };
    this.env.sampledOut.value += sampledOut;
  }

  private note(): void {
    const nowMs = this.env.clock.monotonic();
    const isDue = this.left <= 0 || nowMs - this.notedMs >= NOTE_MS;
    if (!isDue || this.missing.sampledOut + this.missing.dropped === 0) return;
    if (!this.write(this.missing)) return;
    this.missing = { sampledOut: 0, dropped: 0 };
    this.notedMs = nowMs;
  }
}

/** Shows queries to a viewer until it leaves, or has what it wanted. */
export async function tail(
  control: ServerControl,
  env: ViewerEnv,
  options: TailOptions,
  write: LineWriter,
  signal: AbortSignal,
): Promise<void> {
  const viewer = new Tail(control, env, options, write);
  const leave = control.follow(viewer);
  try {
    await Promise.race([viewer.ended, gone(signal)]);
  } finally {
    leave();
    viewer.stop();
  }
}
