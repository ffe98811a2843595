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

/** The most octets of a certificate, a key, a token, or a file that names such files. */
export const MAX_CREDENTIAL_OCTETS = 1024 * 1024;

/** Opening must not wait for anything, such as the writer of a FIFO or news in a file of the kernel's. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;
/** The first buffer for a file that does not say its size, such as those of /proc. */
const MIN_ROOM = 4096;

/**
 * The octets of a regular file, or of what a symbolic link to one leads to; the null device counts as an empty file. Every file of the
 * operator's is read here or by {@link readTextNow}: no file may keep the server waiting, or take more memory than the caller allows.
 *
 * @throws FileError for anything else and for more octets than `maxOctets`; or the error of the file system.
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

/** @throws FileError if a file is not one to be read */
function judge(path: string, found: Stats, maxOctets: number): void {
  const kind = kindOf(found);
  if (kind !== undefined) {
    throw new FileError(kind === 'directory' ? 'EISDIR' : 'NOT_A_FILE', path, `is a ${kind}, expecting a regular file`);
  }
  if (found.size > maxOctets) {
    throw new FileError('FILE_TOO_LARGE', path, `has ${found.size} octets, expecting at most ${maxOctets}`);
  }
}

/** What something is instead of a regular file. */
function kindOf(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return 'directory';
  if (found.isFIFO()) return 'FIFO';
  if (found.isSocket()) return 'socket';
  return found.isCharacterDevice() && found.rdev === statSync(devNull).rdev ? undefined : 'device';
}

/** Where the octets of a file go, as they come. */
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

  /** False at the end of the file. @throws FileError if it has grown too large meanwhile, or never said how large it is */
  take(count: number): boolean {
    this.length += count;
    if (this.length > this.maxOctets) {
      throw new FileError('FILE_TOO_LARGE', this.path, `has more than ${this.maxOctets} octets`);
    }
    if (this.length === this.octets.length) this.octets = Buffer.concat([this.octets], 2 * this.length);
    return count > 0;
  }
}
