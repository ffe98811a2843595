import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CairnError, systemCodeOf } from '../base/errors.ts';
import { inTurns } from '../base/in-turns.ts';
import { readOctets } from '../base/read-file.ts';

/** The maximum size of a snapshot; a larger one is not written. */
export const MAX_SNAPSHOT_OCTETS = 256 * 1024 * 1024;
const CHUNK_LENGTH = 64 * 1024;
/** How much is hashed in one step. */
const HASHED_OCTETS = 1024 * 1024;
/** Snapshots name what a cluster has and what its clients ask for. */
const MODE = 0o600;

/** A process that is killed while it writes leaves a file beside the snapshot. After this time, the next one removes it. */
const LEFT_BEHIND_MS = 10 * 60_000;

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
  await removeLeftBehind(path);
  // Processes in two containers may have one id, and share the folder.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const octets = await writeNew(temporary, path, chunksOf(header, lines));
    await rename(temporary, path);
    return octets;
  } catch (thrown) {
    await rm(temporary, { force: true });
    // The same problem has the same message each time.
    if (thrown instanceof Error) thrown.message = thrown.message.replaceAll(temporary, path);
    throw thrown;
  }
}

/** Writes a new file for `path`, with the checksum. */
async function writeNew(file: string, path: string, chunks: () => Generator<void, string>): Promise<number> {
  const handle = await open(file, 'wx', MODE);
  try {
    const hash = createHash('sha256');
    let octets = 0;
    for (let text = await inTurns(chunks()); text !== ''; text = await inTurns(chunks())) {
      const chunk = Buffer.from(text);
      octets += chunk.length;
      if (octets > MAX_SNAPSHOT_OCTETS)
        throw new SnapshotError(path, `would have more than ${MAX_SNAPSHOT_OCTETS} octets`);
      hash.update(chunk);
      await handle.appendFile(chunk); // `write` may write a part of it
    }
    await handle.appendFile(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
    await handle.sync();
    return octets;
  } finally {
    await handle.close();
  }
}

/** Removes files of processes that could not end their work. */
async function removeLeftBehind(path: string): Promise<void> {
  const folder = dirname(path);
  const start = `${basename(path)}.`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(start) || !TEMPORARY.test(name.slice(start.length))) continue;
    const file = join(folder, name);
    // Another process may be done with it meanwhile.
    const found = await lstat(file).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > LEFT_BEHIND_MS) await rm(file, { force: true }).catch(() => {});
  }
}

const TEMPORARY = /^[0-9a-f]{16}\.tmp$/;

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
  return inTurns(parseSnapshot(path, octets));
}

/** The contents of a file of {@link writeSnapshot}, checked in steps. @throws SnapshotError */
export function* parseSnapshot(path: string, octets: Buffer): Generator<void, SnapshotContent> {
  const end = octets.lastIndexOf('\n', octets.length - 2) + 1;
  const content = octets.subarray(0, end);
  const hash = createHash('sha256');
  for (let at = 0; at < end; at += HASHED_OCTETS) {
    hash.update(content.subarray(at, at + HASHED_OCTETS));
    yield;
  }
  const sum = `${JSON.stringify({ sha256: hash.digest('hex') })}\n`;
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
