import { type FSWatcher, watch } from 'node:fs';
import { statOf } from './paths.ts';

/** Changes in further folders are found by looking, not by being told. */
const MAX_WATCHED = 64;

/** Tells of changes in folders, as far as the file system does: a hint to look at once, nothing to rely on. */
export class FolderWatch {
  private readonly watchers = new Map<string, { inode: number; watcher: FSWatcher }>();
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** Watches these folders and no others. One that was made anew is another one, though its name is the same. */
  async update(folders: readonly string[]): Promise<void> {
    const wanted = new Map<string, number>();
    for (const folder of folders.slice(0, MAX_WATCHED)) {
      const found = await statOf(folder).catch(() => undefined);
      if (found?.isDirectory()) wanted.set(folder, found.ino);
    }
    for (const [folder, { inode }] of this.watchers) if (wanted.get(folder) !== inode) this.forget(folder);
    for (const [folder, inode] of wanted) if (!this.watchers.has(folder)) this.watch(folder, inode);
  }

  close(): void {
    for (const folder of this.watchers.keys()) this.forget(folder);
  }

  private watch(folder: string, inode: number): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.changed());
      watcher.on('error', () => this.forget(folder));
      this.watchers.set(folder, { inode, watcher });
    } catch {
      // Out of watches, or a file system without them: looking regularly is enough.
    }
  }

  private forget(folder: string): void {
    this.watchers.get(folder)?.watcher.close();
    this.watchers.delete(folder);
  }
}
