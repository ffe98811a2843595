import { isAbsolute, join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';
import type { CorefileFiles, DirectoryEntry } from './files.ts';

const WILDCARDS: Readonly<Record<string, string>> = { '*': '.*', '?': '.' };
const SYNTAX_CHARACTER = /[\\^$.*+?()[\]{}|/]/;

/** Whether an import path is a pattern rather than the name of one file. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** Whether an import allows the pattern: at most one `*`, one `?` and no `[`. */
export function isAllowedGlob(pattern: string): boolean {
  return pattern.split('*').length <= 2 && pattern.split('?').length <= 2 && !pattern.includes('[');
}

/**
 * The files that a pattern matches, in lexical order.
 *
 * Folders and names that begin with a dot are ignored: a mounted ConfigMap has `..data` beside its keys.
 *
 * @throws what `files.list` throws, except for a missing folder, which has no files.
 */
export function globFiles(pattern: string, files: CorefileFiles): string[] {
  const segments = pattern.split('/').filter((segment) => segment !== '');
  const firstGlob = segments.findIndex(isGlob);
  let found = [(isAbsolute(pattern) ? '/' : '') + segments.slice(0, firstGlob).join('/')];
  for (let i = firstGlob; i < segments.length; i++) {
    const wanted = matcherOf(segments[i]!, i < segments.length - 1);
    found = found.flatMap((directory) => matchesIn(directory, wanted, files));
  }
  return found.sort();
}

type Matcher = (entry: DirectoryEntry) => boolean;

function matcherOf(segment: string, wantDirectory: boolean): Matcher {
  const source = Array.from(segment, (char) => WILDCARDS[char] ?? char.replace(SYNTAX_CHARACTER, '\\$&'));
  const expression = new RegExp(`^${source.join('')}$`, 'su');
  const hidden = (name: string) => name.startsWith('.') && !segment.startsWith('.');
  return ({ name, isDirectory }) => isDirectory === wantDirectory && !hidden(name) && expression.test(name);
}

function matchesIn(directory: string, wanted: Matcher, files: CorefileFiles): string[] {
  return entriesOf(directory === '' ? '.' : directory, files)
    .filter(wanted)
    .map(({ name }) => join(directory, name));
}

function entriesOf(directory: string, files: CorefileFiles): readonly DirectoryEntry[] {
  try {
    return files.list(directory);
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw thrown;
  }
}
