import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

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
  read: (path) => readFileSync(path, 'utf8'),
  list: (directory) =>
    readdirSync(directory).map((name) => ({
      name,
      isDirectory: statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() ?? false,
    })),
};
