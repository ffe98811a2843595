import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CairnError, systemCodeOf } from './errors.ts';
import { inTurns } from './in-turns.ts';
import { readOctets } from './read-file.ts';

/** The maximum size of a snapshot; a larger one is not written. */
export const MAX_SNAPSHOT_OCTETS = 256 * 1024 * 1024;
const CHUNK_LENGTH = 64 * 1024;
/** Snapshots name what a cluster has and what its clients ask for. */
const MODE = 0o600;

/** A snapshot cannot be used, or cannot be written. */
export class SnapshotError extends CairnError {
  constructor(path: string, problem: string) {
    super('SNAPSHOT', `${path} ${problem}`);
  }
}

/** The contents of a snapshot, checked to be complete. */
export interface SnapshotContent {
  readonly header: unknown;
  readonly lines: Iterable<string>;
}

/**
 * Writes a header and lines, each one JSON value, with a checksum at the end. Other work gets its turn meanwhile. A reader of the path sees the old file or
 * the whole new one. Returns the size in octets.
 *
 * @throws SnapshotError, or the error of the file system.
 */
export async function writeSnapshot(path: string, header: object, lines: Iterable<string>): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w', MODE);
  try {
    const hash = createHash('sha256');
    let octets = 0;
    const write = async (text: string) => {
      const chunk = Buffer.from(text);
      octets += chunk.length;
      if (octets > MAX_SNAPSHOT_OCTETS)
        throw new SnapshotError(path, `would have more than ${MAX_SNAPSHOT_OCTETS} octets`);
      hash.update(chunk);
      await file.write(chunk);
    };
    const chunks = chunksOf(header, lines);
    for (let chunk = await inTurns(chunks()); chunk !== ''; chunk = await inTurns(chunks())) await write(chunk);
    await file.write(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
    await file.sync();
    await file.close();
    await rename(temporary, path);
    return octets;
  } catch (thrown) {
    await file.close();
    await rm(temporary, { force: true });
    throw thrown;
  }
}

/** Gives one chunk after the other, each made in steps; the last one is empty. */
function chunksOf(header: object, lines: Iterable<string>): () => Generator<void, string> {
  const all = lines[Symbol.iterator]();
  let text = `${JSON.stringify(header)}\n`;
  return function* () {
    while (text.length < CHUNK_LENGTH) {
      const { done, value } = all.next();
      if (done) break;
      text += `${value}\n`;
      yield;
    }
    const chunk = text;
    text = '';
    return chunk;
  };
}

/**
 * Reads a snapshot; undefined if there is none.
 *
 * @throws SnapshotError for a file that is not complete, or was changed; or the error of the file system.
 */
export async function readSnapshot(path: string): Promise<SnapshotContent | undefined> {
  let octets: Buffer;
  try {
    octets = await readOctets(path, MAX_SNAPSHOT_OCTETS + CHUNK_LENGTH);
  } catch (thrown) {
    if (systemCodeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  return parseSnapshot(path, octets);
}

/** The contents of a file of {@link writeSnapshot}. @throws SnapshotError */
export function parseSnapshot(path: string, octets: Buffer): SnapshotContent {
  const end = octets.lastIndexOf('\n', octets.length - 2) + 1;
  const content = octets.subarray(0, end);
  const sum = `${JSON.stringify({ sha256: createHash('sha256').update(content).digest('hex') })}\n`;
  if (end === 0 || octets.toString('latin1', end) !== sum) throw new SnapshotError(path, 'is cut short or damaged');
  const lines = linesOf(content);
  return { header: JSON.parse(lines.next().value!) as unknown, lines };
}

function* linesOf(content: Buffer): Generator<string> {
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf('\n', start);
    yield content.toString('utf8', start, end);
    start = end + 1;
  }
}
