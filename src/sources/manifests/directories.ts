import { type FSWatcher, watch } from 'node:fs';
import { statOf } from './paths.ts';

/** Changes in further directories are found by looking, not by being told. */
const MAX_WATCHED = 64;

/** Tells of changes in directories, as far as the file system does: a hint to look at once, nothing to rely on. */
export class DirectoryWatch {
  private readonly watchers = new Map<string, { inode: number; watcher: FSWatcher }>();
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** Watches these directories and no others. One that was made anew is another one, though its name is the same. */
  async update(directories: readonly string[]): Promise<void> {
    const wanted = new Map<string, number>();
    for (const directory of directories.slice(0, MAX_WATCHED)) {
      const found = await statOf(directory).catch(() => undefined);
      if (found?.isDirectory()) wanted.set(directory, found.ino);
    }
    for (const [directory, { inode }] of this.watchers) if (wanted.get(directory) !== inode) this.forget(directory);
    for (const [directory, inode] of wanted) if (!this.watchers.has(directory)) this.watch(directory, inode);
  }

  close(): void {
    for (const directory of this.watchers.keys()) this.forget(directory);
  }

  private watch(directory: string, inode: number): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.changed());
      watcher.on('error', () => this.forget(directory));
      this.watchers.set(directory, { inode, watcher });
    } catch {
      // Out of watches, or a file system without them: looking regularly is enough.
    }
  }

  private forget(directory: string): void {
    this.watchers.get(directory)?.watcher.close();
    this.watchers.delete(directory);
  }
}
