import type { CorefileFiles, DirectoryEntry } from '../../src/corefile/files.ts';

/** Files that exist only in a test: path to text; a path that ends in `/` is an empty directory. */
export function memoryFiles(texts: Readonly<Record<string, string>>): CorefileFiles {
  const isDirectory = (path: string) => Object.keys(texts).some((known) => known.startsWith(`${path}/`));
  return {
    read(path) {
      if (isDirectory(path)) throw systemError('EISDIR');
      if (!Object.hasOwn(texts, path)) throw systemError('ENOENT');
      return { text: texts[path]! };
    },
    list(directory) {
      const prefix = directory === '.' ? '' : directory === '/' ? '/' : `${directory}/`;
      const entries = new Map<string, DirectoryEntry>();
      for (const path of Object.keys(texts)) {
        const [name, ...rest] = path.startsWith(prefix) ? path.slice(prefix.length).split('/') : [];
        if (name) entries.set(name, { name, isDirectory: rest.length > 0 });
      }
      if (entries.size === 0) throw systemError('ENOENT');
      return [...entries.values()];
    },
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
