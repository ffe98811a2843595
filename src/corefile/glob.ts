import { isAbsolute, join } from 'node:path';
import { type CorefileFiles, systemCode } from './files.ts';

/** Whether an import path is a pattern rather than the name of one file. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** Whether a pattern keeps to what an import allows: one `*`, one `?` and no `[`. */
export function isAllowedGlob(pattern: string): boolean {
  return pattern.split('*').length <= 2 && pattern.split('?').length <= 2 && !pattern.includes('[');
}

/**
 * The files that a pattern matches, in lexical order.
 *
 * Names that begin with a dot are passed over, and so are directories: a mounted ConfigMap has `..data` beside its keys.
 *
 * @throws what `files.list` throws, except that a directory that is not there has no files.
 */
export function globFiles(pattern: string, files: CorefileFiles): string[] {
  const segments = pattern.split('/').filter((segment) => segment !== '');
  let found = [isAbsolute(pattern) ? '/' : ''];
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    found = isGlob(segment)
      ? found.flatMap((directory) => matchesIn(directory, segment, !isLast, files))
      : found.map((directory) => join(directory, segment));
  }
  return found.sort();
}

function matchesIn(directory: string, segment: string, wantDirectory: boolean, files: CorefileFiles): string[] {
  const expression = segmentExpression(segment);
  return entriesOf(directory === '' ? '.' : directory, files)
    .filter(({ name, isDirectory }) => isDirectory === wantDirectory && !name.startsWith('.') && expression.test(name))
    .map(({ name }) => join(directory, name));
}

function segmentExpression(segment: string): RegExp {
  const source = Array.from(segment, (char) => (char === '*' ? '.*' : char === '?' ? '.' : RegExp.escape(char)));
  return new RegExp(`^${source.join('')}$`, 'su');
}

function entriesOf(directory: string, files: CorefileFiles) {
  try {
    return files.list(directory);
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw thrown;
  }
}
