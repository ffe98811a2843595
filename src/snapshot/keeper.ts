/*
 * What one process leaves to the next, in files: the records of a cluster, the replies of a cache. Begin here; file.ts writes and checks the files. A
 * snapshot is used whole or not at all.
 */

import { CairnError, messageOf } from '../base/errors.ts';
import { inTurns } from '../base/in-turns.ts';
import type { Clock, Timer } from '../observe/clock.ts';
import type { Logger } from '../observe/log.ts';
import { readSnapshot, SnapshotError, writeSnapshot } from './file.ts';
import type { SnapshotMetrics } from './metrics.ts';

/** How often a snapshot is written at most. */
const WRITE_EVERY_MS = 60_000;
/** A snapshot without changes is written again when it has come to this part of its greatest age. */
const RENEWED_AT = 0.1;

/** Where a snapshot is, and how old it may be. */
export interface SnapshotOptions {
  /** An absolute path. */
  readonly path: string;
  readonly maxAgeMs: number;
}

/** What snapshots hold; `T` is what one is read to. */
export interface SnapshotContents<T> {
  /** Names the contents, and moves with every change of what the lines hold: snapshots of other formats are not used. */
  readonly format: string;
  /** What distinguishes what the contents come from. @throws an error if that is not known now */
  origin(): Promise<string>;
  /** Ends the sentence that refuses a snapshot of another origin: "is of ...". */
  readonly otherOrigin: string;
  /** What there is now; undefined if it must not be written now. */
  current(): CurrentContents | undefined;
  /** Reads lines in steps. It must not have any effect, as a later line may be bad. @throws SnapshotError */
  read(content: SnapshotLines): Generator<void, T>;
}

interface CurrentContents {
  /** What a reader must know of all lines. */
  readonly details: unknown;
  readonly lines: Iterable<string>;
}

/** The lines of a snapshot that may be used. */
export interface SnapshotLines extends CurrentContents {
  readonly path: string;
  /** On the wall clock. */
  readonly writtenAtMs: number;
}

/** What a snapshot says of itself. */
interface Header {
  readonly format: string;
  readonly origin: string;
  readonly writtenAt: string;
  readonly details: unknown;
}

interface SnapshotEnv {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SnapshotMetrics;
}

/** Reads a snapshot once, and then keeps it up to date. */
export class SnapshotKeeper<T> {
  private readonly options: SnapshotOptions;
  private readonly contents: SnapshotContents<T>;
  private readonly env: SnapshotEnv;
  private isChanged = false;
  private isStopped = false;
  private writtenAtMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;
  private writing: Promise<void> | undefined;
  private complaint = '';

  constructor(options: SnapshotOptions, contents: SnapshotContents<T>, env: SnapshotEnv) {
    this.options = options;
    this.contents = contents;
    this.env = env;
  }

  /** What the snapshot holds; undefined if there is none that may be used. Never rejects: a bad snapshot is logged. */
  async restore(): Promise<T | undefined> {
    const { log, metrics } = this.env;
    try {
      const read = await this.read();
      metrics.restored(read === undefined ? 'missing' : 'used');
      return read;
    } catch (thrown) {
      metrics.restored('refused');
      log.warning(`${this.options.path}: the snapshot is not used: ${messageOf(thrown)}`);
      return undefined;
    }
  }

  /** Writes the snapshot from now on, when something has changed; no longer after {@link stop}. */
  start(): void {
    if (this.isStopped) return;
    this.timer ??= this.env.clock.every(WRITE_EVERY_MS, () => void this.writeIfNeeded());
  }

  /** Something has changed. */
  changed(): void {
    this.isChanged = true;
  }

  /** Writes what has changed, and ends. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.timer?.cancel();
    await this.writing;
    if (this.isChanged) await this.write();
  }

  private async writeIfNeeded(): Promise<void> {
    const { clock } = this.env;
    const isOld = clock.monotonic() - this.writtenAtMs >= RENEWED_AT * this.options.maxAgeMs;
    if (this.writing || !(this.isChanged || isOld)) return;
    this.writing = this.write();
    await this.writing;
    this.writing = undefined;
  }

  /** Writes the snapshot, if that may be done now. Never rejects: a failure is logged once. */
  private async write(): Promise<void> {
    const { log, metrics, clock } = this.env;
    const { path } = this.options;
    const { format } = this.contents;
    const current = this.contents.current();
    if (!current) return;
    this.isChanged = false;
    try {
      const { details, lines } = current;
      const origin = await this.contents.origin();
      const header: Header = { format, origin, writtenAt: new Date(clock.now()).toISOString(), details };
      metrics.written(await writeSnapshot(path, header, lines), clock.now());
      this.writtenAtMs = clock.monotonic();
      if (this.complaint !== '') log.info(`${path}: the snapshot is written again`);
      this.complaint = '';
    } catch (thrown) {
      this.isChanged = true;
      metrics.failed();
      const complaint = messageOf(thrown);
      if (complaint !== this.complaint) log.error(`${path}: the snapshot is not written: ${complaint}`);
      this.complaint = complaint;
    }
  }

  /** @throws SnapshotError for a snapshot that must not be used */
  private async read(): Promise<T | undefined> {
    const { path, maxAgeMs } = this.options;
    const { format, otherOrigin } = this.contents;
    const content = await readSnapshot(path);
    if (!content) return undefined;
    const header = content.header as Partial<Header>;
    if (header.format !== format) throw new SnapshotError(path, `has the format '${header.format}', not '${format}'`);
    if (header.origin !== (await this.contents.origin())) throw new SnapshotError(path, `is of ${otherOrigin}`);
    const writtenAtMs = Date.parse(header.writtenAt ?? '');
    if (!(this.env.clock.now() - writtenAtMs <= maxAgeMs)) {
      const limit = `which is more than ${Number((maxAgeMs / 3_600_000).toFixed(2))} h ago`;
      throw new SnapshotError(path, `was written at ${header.writtenAt}, ${limit}`);
    }
    const { details } = header;
    return inTurns(this.contents.read({ path, writtenAtMs, details, lines: content.lines }));
  }
}

/**
 * Says that a path is the snapshot of something.
 *
 * @param owner what it is the snapshot of
 * @param shared keeps a value for all plugins of one start or reload
 * @throws CairnError if it is the snapshot of something else
 */
export function claimSnapshot(path: string, owner: string, shared: (key: string, make: () => string) => string): void {
  if (shared(`snapshot ${path}`, () => owner) === owner) return;
  const problem = 'is the snapshot of something else, too, or of the same with other options - give each its own file';
  throw new CairnError('SNAPSHOT', `${path} ${problem}`);
}
