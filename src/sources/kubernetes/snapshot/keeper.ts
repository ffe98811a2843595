/*
 * The records of an API server in a file, so that a process that starts again answers at once. Begin here; records.ts turns records into lines. A
 * snapshot is used whole or not at all.
 */

import { messageOf } from '../../../base/errors.ts';
import { inTurns } from '../../../base/in-turns.ts';
import { readSnapshot, SnapshotError, writeSnapshot } from '../../../base/snapshot-file.ts';
import type { Clock, Timer } from '../../../observe/clock.ts';
import type { Logger } from '../../../observe/log.ts';
import type { RecordKind } from '../../../registry/completeness.ts';
import type { Key } from '../../../registry/table.ts';
import { queryOf, type Resource } from '../resource.ts';
import type { SnapshotMetrics } from './metrics.ts';
import { printRecord, readRecord } from './records.ts';

/** Moves with every change of what records hold: snapshots of other versions are not used. */
const FORMAT = 'cairn registry 1';
export const DEFAULT_MAX_AGE_MS = 24 * 3_600_000;
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

/** What a snapshot says of itself. */
interface Header {
  readonly format: string;
  /** What distinguishes the cluster from others, and the choice of its objects. */
  readonly cluster: string;
  readonly writtenAt: string;
  /** How the objects of each kind were chosen, and what their records hold. */
  readonly kinds: Readonly<Partial<Record<RecordKind, string>>>;
}

interface SnapshotEnv {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SnapshotMetrics;
  /** What distinguishes the cluster from others, and the choice of its objects. @throws an error if that is not known now */
  cluster(): Promise<string>;
  /** The resources that are followed, if all that is served of them comes from the API server and is up to date; undefined if not. */
  current(): readonly Resource[] | undefined;
}

/** Reads a snapshot once, and then keeps it up to date. */
export class SnapshotKeeper {
  private readonly options: SnapshotOptions;
  private readonly env: SnapshotEnv;
  private isChanged = false;
  private isStopped = false;
  private writtenAtMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;
  private writing: Promise<void> | undefined;
  private complaint = '';

  constructor(options: SnapshotOptions, env: SnapshotEnv) {
    this.options = options;
    this.env = env;
  }

  /** Puts the records of the snapshot into the stores of the resources. Returns the kinds that it had. Never rejects: a bad snapshot is logged. */
  async restore(resources: readonly Resource[]): Promise<ReadonlySet<RecordKind>> {
    const { log, metrics, clock } = this.env;
    const startedMs = clock.monotonic();
    try {
      const found = await this.read(resources);
      metrics.restored(found ? 'used' : 'missing');
      if (!found) return new Set();
      const { records, writtenAtMs } = found;
      await inTurns(settingOf(records));
      const age = Math.round((clock.now() - writtenAtMs) / 1000);
      // The clock of a machine that has just started may be behind.
      const then = age < 0 ? `at ${new Date(writtenAtMs).toISOString()}, later than now` : `${age} s ago`;
      const ms = Math.round(clock.monotonic() - startedMs);
      log.info(
        `${this.options.path}: serving ${records.length} objects as they were ${then}, until the API server has listed them; read in ${ms} ms`,
      );
      return new Set(resources.filter(({ kind }) => found.kinds.has(kind)).map(({ kind }) => kind));
    } catch (thrown) {
      metrics.restored('refused');
      log.warning(`${this.options.path}: the snapshot is not used: ${messageOf(thrown)}`);
      return new Set();
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

  /** Writes the snapshot, if everything is up to date. Never rejects: a failure is logged once. */
  private async write(): Promise<void> {
    const { log, metrics, clock } = this.env;
    const resources = this.env.current();
    if (!resources?.length) return;
    this.isChanged = false;
    const { path } = this.options;
    try {
      const kinds = Object.fromEntries(resources.map((resource) => [resource.kind, choiceOf(resource)]));
      const cluster = await this.env.cluster();
      const header: Header = { format: FORMAT, cluster, writtenAt: new Date(clock.now()).toISOString(), kinds };
      metrics.written(await writeSnapshot(path, header, linesOf(resources)), clock.now());
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
  private async read(resources: readonly Resource[]) {
    const { path, maxAgeMs } = this.options;
    const content = await readSnapshot(path);
    if (!content) return undefined;
    const header = content.header as Partial<Header>;
    if (header.format !== FORMAT) throw new SnapshotError(path, `has the format '${header.format}', not '${FORMAT}'`);
    if (header.cluster !== (await this.env.cluster())) {
      throw new SnapshotError(path, 'is of another cluster, or of another choice of its objects');
    }
    const writtenAtMs = Date.parse(header.writtenAt ?? '');
    if (!(this.env.clock.now() - writtenAtMs <= maxAgeMs)) {
      throw new SnapshotError(
        path,
        `was written at ${header.writtenAt}, which is more than ${Number((maxAgeMs / 3_600_000).toFixed(2))} h ago`,
      );
    }
    const byKind = new Map<string, Resource>();
    for (const resource of resources) {
      const choice = header.kinds?.[resource.kind];
      if (choice === undefined) continue;
      if (!covers(choice, choiceOf(resource)))
        throw new SnapshotError(path, `has another choice of ${resource.plural}`);
      byKind.set(resource.kind, resource);
    }
    const records = await inTurns(readRecords(path, content.lines, byKind));
    return { records, writtenAtMs, kinds: new Set(byKind.keys()) as ReadonlySet<string> };
  }
}

/** How the objects of a resource are chosen, and what their records hold. */
function choiceOf(resource: Resource): string {
  return `${queryOf(resource, {})} ${resource.details ?? ''}`;
}

/** Whether records of one choice can be used for another: those that hold more details can, as after a reload that needs fewer. */
function covers(found: string, wanted: string): boolean {
  const [query, details = ''] = found.split(' ');
  const [wantedQuery, wantedDetails = ''] = wanted.split(' ');
  const held = detailsIn(details);
  return query === wantedQuery && detailsIn(wantedDetails).every((detail) => held.includes(detail));
}

/** The names of the details that records hold. */
function detailsIn(text: string): string[] {
  const details = JSON.parse(text || '{}') as Readonly<Record<string, boolean>>;
  return Object.keys(details).filter((name) => details[name]);
}

function* linesOf(resources: readonly Resource[]): Iterable<string> {
  for (const { kind, store } of resources) for (const record of store.records()) yield printRecord(kind, record);
}

interface Restored {
  readonly resource: Resource;
  readonly record: Key;
}

/** Puts records into their stores, with a step for each. */
function* settingOf(records: readonly Restored[]): Generator<void, void> {
  for (const { resource, record } of records) {
    resource.store.set(record, undefined);
    yield;
  }
}

/** The records of the kinds that are followed, with a step for each. @throws SnapshotError */
function* readRecords(
  path: string,
  lines: Iterable<string>,
  byKind: ReadonlyMap<string, Resource>,
): Generator<void, readonly Restored[]> {
  const records: Restored[] = [];
  for (const line of lines) {
    const read = readRecord(line);
    if (!read) throw new SnapshotError(path, 'has a line that is not a record');
    const resource = byKind.get(read.kind);
    if (resource) records.push({ resource, record: read.record });
    yield;
  }
  return records;
}
