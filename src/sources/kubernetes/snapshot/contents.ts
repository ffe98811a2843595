/*
 * The records of an API server as the contents of a snapshot. Begin here; records.ts turns records into lines.
 */

import type { RecordKind } from '../../../registry/completeness.ts';
import type { Key } from '../../../registry/table.ts';
import { SnapshotError } from '../../../snapshot/file.ts';
import type { SnapshotContents, SnapshotLines } from '../../../snapshot/keeper.ts';
import { queryOf, type Resource } from '../resource.ts';
import { printRecord, readRecord } from './records.ts';

export const DEFAULT_MAX_AGE_MS = 24 * 3_600_000;

/** How the objects of each kind were chosen, and what their records hold. */
type Choices = Readonly<Partial<Record<RecordKind, string>>>;

/** What a snapshot knows of the resources that are followed. */
export interface RestoredRecords {
  readonly records: readonly { readonly resource: Resource; readonly record: Key }[];
  /** The kinds that it has. */
  readonly kinds: ReadonlySet<RecordKind>;
  /** On the wall clock. */
  readonly writtenAtMs: number;
}

interface Followed {
  /** What distinguishes the cluster from others, and the choice of its objects. @throws an error if that is not known now */
  origin(): Promise<string>;
  /** The resources that will be followed. */
  wanted(): readonly Resource[];
  /** The resources that are followed, if all that is served of them comes from the API server and is up to date; undefined if not. */
  current(): readonly Resource[] | undefined;
}

export function registryContents({ origin, wanted, current }: Followed): SnapshotContents<RestoredRecords> {
  return {
    // Moves with every change of what records hold.
    format: 'cairn registry 1',
    origin,
    otherOrigin: 'another cluster, or of another choice of its objects',
    current() {
      const resources = current();
      if (!resources?.length) return undefined;
      const details: Choices = Object.fromEntries(resources.map((resource) => [resource.kind, choiceOf(resource)]));
      return { details, lines: linesOf(resources) };
    },
    read: (content) => readRecords(content, wanted()),
  };
}

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

/** The records of the kinds that will be followed, with a step for each. @throws SnapshotError */
function* readRecords(
  { path, writtenAtMs, details, lines }: SnapshotLines,
  wanted: readonly Resource[],
): Generator<void, RestoredRecords> {
  const choices = details as Choices;
  const byKind = new Map<RecordKind, Resource>();
  for (const resource of wanted) {
    const choice = choices[resource.kind];
    if (choice === undefined) continue;
    if (!covers(choice, choiceOf(resource))) throw new SnapshotError(path, `has another choice of ${resource.plural}`);
    byKind.set(resource.kind, resource);
  }
  const records: { readonly resource: Resource; readonly record: Key }[] = [];
  for (const line of lines) {
    const read = readRecord(line);
    if (!read) throw new SnapshotError(path, 'has a line that is not a record');
    const resource = byKind.get(read.kind);
    if (resource) records.push({ resource, record: read.record });
    yield;
  }
  return { records, kinds: new Set(byKind.keys()), writtenAtMs };
}
