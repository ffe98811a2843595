import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTextNow } from '../base/read-file.ts';

/** How much text a Corefile may have, with all that it imports. */
export const MAX_COREFILE_OCTETS = 16 * 1024 * 1024;

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Where imported files come from. Both functions throw as `node:fs` does, with ENOENT for what is not there. */
export interface CorefileFiles {
  read(path: string): string;
  /** The entries of a directory in any order; symbolic links count as what they lead to. */
  list(directory: string): readonly DirectoryEntry[];
}

/** The files of the machine. */
export const diskFiles: CorefileFiles = {
  read: (path) => readTextNow(path, MAX_COREFILE_OCTETS),
  list: (directory) =>
    readdirSync(directory).map((name) => ({
      name,
      isDirectory: statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() ?? false,
    })),
};
