import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readTextNow } from '../base/read-file.ts';
import type { Locate } from './position.ts';

/** The maximum size of a Corefile with all of its imports. */
export const MAX_COREFILE_OCTETS = 16 * 1024 * 1024;

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** Reads imported files. Both functions throw as `node:fs` does, with ENOENT for a missing file. */
export interface CorefileFiles {
  read(path: string): { readonly text: string; readonly locate?: Locate | undefined };
  /** The entries of a folder in any order; a symbolic link counts as its target. */
  list(directory: string): readonly DirectoryEntry[];
}

/** The files of the machine. */
export const diskFiles: CorefileFiles = {
  read: (path) => ({ text: readTextNow(path, MAX_COREFILE_OCTETS) }),
  list: (directory) =>
    readdirSync(directory).map((name) => ({
      name,
      isDirectory: statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() ?? false,
    })),
};
