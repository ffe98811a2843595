import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { devNull } from 'node:os';
import { CairnError, type ErrorCode } from './errors.ts';

/** A file that is not read, because it is not a regular file or is too large. */
export class FileError extends CairnError {
  constructor(code: ErrorCode, path: string, problem: string) {
    super(code, `${path} ${problem}`);
  }
}

/** The maximum size of a certificate, a key, a token, or a file that names such files. */
export const MAX_CREDENTIAL_OCTETS = 1024 * 1024;

/** Opening must not wait, for example for the writer of a FIFO or for new data in a file of the kernel. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** The first buffer for a file that does not say its size, such as those of /proc. */
const MIN_ROOM = 4096;

/**
 * Reads a regular file, or the target of a symbolic link to one. The null device counts as an empty file. All files of the operator are read here or
 * by {@link readTextNow}, so that no file can block the server or take more memory than the caller allows.
 *
 * @throws FileError for any other kind of file, and for a file of more than `maxOctets`; or the error of the file system.
 */
export async function readOctets(path: string, maxOctets: number): Promise<Buffer> {
  // Checked before it is opened, as opening a device or FIFO has effects; and again afterwards, as the file may have been replaced.
  const room = new Room(path, await stat(path), maxOctets);
  const file = await open(path, FLAGS);
  try {
    judge(path, await file.stat(), maxOctets);
    while (room.take((await file.read(room.free)).bytesRead));
    return room.taken;
  } finally {
    await file.close();
  }
}

/** As {@link readOctets}, as text. */
export async function readText(path: string, maxOctets: number): Promise<string> {
  return (await readOctets(path, maxOctets)).toString('utf8');
}

/** As {@link readText}, synchronously. */
export function readTextNow(path: string, maxOctets: number): string {
  const room = new Room(path, statSync(path), maxOctets);
  const fd = openSync(path, FLAGS);
  try {
    judge(path, fstatSync(fd), maxOctets);
    while (room.take(readSync(fd, room.free)));
    return room.taken.toString('utf8');
  } finally {
    closeSync(fd);
  }
}

/** @throws FileError if the file must not be read */
function judge(path: string, found: Stats, maxOctets: number): void {
  const kind = kindOf(found);
  if (kind !== undefined) {
    throw new FileError(kind === 'folder' ? 'EISDIR' : 'NOT_A_FILE', path, `is a ${kind}, expecting a regular file`);
  }
  if (found.size > maxOctets) {
    throw new FileError('FILE_TOO_LARGE', path, `has ${found.size} octets, expecting at most ${maxOctets}`);
  }
}

/** The kind of a file that is not a regular file. */
function kindOf(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return 'folder';
  if (found.isFIFO()) return 'FIFO';
  if (found.isSocket()) return 'socket';
  return found.isCharacterDevice() && found.rdev === statSync(devNull).rdev ? undefined : 'device';
}

/** Collects the octets of a file while it is read. */
class Room {
  private readonly path: string;
  private readonly maxOctets: number;
  private octets: Buffer;
  private length = 0;

  constructor(path: string, found: Stats, maxOctets: number) {
    judge(path, found, maxOctets);
    this.path = path;
    this.maxOctets = maxOctets;
    // One octet more than expected, so that the same read shows whether that was all.
    this.octets = Buffer.allocUnsafe(Math.max(MIN_ROOM, found.size + 1));
  }

  get free(): Buffer {
    return this.octets.subarray(this.length);
  }

  get taken(): Buffer {
    return this.octets.subarray(0, this.length);
  }

  /** Returns false at the end of the file. @throws FileError if the file turns out to be too large */
  take(count: number): boolean {
    this.length += count;
    if (this.length > this.maxOctets) {
      throw new FileError('FILE_TOO_LARGE', this.path, `has more than ${this.maxOctets} octets`);
    }
    if (this.length === this.octets.length) this.octets = Buffer.concat([this.octets], 2 * this.length);
    return count > 0;
  }
}
