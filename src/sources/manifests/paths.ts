import type { Stats } from 'node:fs';
import { glob, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../base/errors.ts';

/** The maximum number of files of a folder or pattern. */
const MAX_FILES = 10_000;

const MANIFEST_FILE = /^[^.].*\.(?:ya?ml|json)$/;
const GLOB = /[*?[\]{}]/;

/** Files with what `stat` says of them, in the order of their names. */
export type FoundFiles = ReadonlyMap<string, Stats>;

/** The files of a configured path, or why it has none. */
type Expansion = { readonly files: FoundFiles } | { readonly missing: string };

/**
 * Finds the files of a path: for a folder its *.yaml, *.yml and *.json files, for a pattern those that match. Names that begin with a dot are
 * ignored.
 */
export async function expandPath(path: string): Promise<Expansion> {
  try {
    const found = await statOf(path);
    if (found?.isDirectory()) return some(await manifestsIn(path), `${path} has no *.yaml, *.yml or *.json file`);
    if (found) return { files: new Map([[path, found]]) };
    return GLOB.test(path)
      ? some(await matchesOf(path), `no file matches ${path}`)
      : { missing: `${path} does not exist` };
  } catch (thrown) {
    return { missing: `${path} cannot be read: ${messageOf(thrown)}` };
  }
}

/** The folders to watch for changes of the path's files; without files, those in which they will appear. */
export function foldersOf(path: string, files: readonly string[]): string[] {
  if (files.length > 0) return [...new Set(files.map((file) => dirname(file)))];
  const fixed = GLOB.test(path) ? path.slice(0, path.slice(0, path.search(GLOB)).lastIndexOf('/') + 1) : path;
  return [fixed, dirname(fixed)];
}

/** Undefined if there is no file; a symbolic link is followed. */
export async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

async function manifestsIn(folder: string): Promise<FoundFiles> {
  const names = await readdir(folder);
  return filesAmong(names.filter((name) => MANIFEST_FILE.test(name)).map((name) => join(folder, name)));
}

async function matchesOf(pattern: string): Promise<FoundFiles> {
  const isHidden = (path: string) => basename(path).startsWith('.') && !pattern.startsWith(`${path}/`);
  const paths: string[] = [];
  for await (const path of glob(pattern, { exclude: isHidden })) paths.push(path);
  return filesAmong(paths);
}

async function filesAmong(paths: string[]): Promise<FoundFiles> {
  if (paths.length > MAX_FILES) throw new Error(`it has more than ${MAX_FILES} files`);
  const found = await Promise.all(paths.sort().map(async (path) => [path, await statOf(path)] as const));
  // Anything but a regular file is a mistake, which is reported when it is read. A link without a target counts as a removed file.
  return new Map(found.flatMap(([path, stats]) => (stats && !stats.isDirectory() ? [[path, stats]] : [])));
}

function some(files: FoundFiles, missing: string): Expansion {
  return files.size > 0 ? { files } : { missing };
}
