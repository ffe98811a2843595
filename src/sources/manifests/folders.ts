import { type FSWatcher, watch } from 'node:fs';
import { statOf } from './paths.ts';

/** The maximum number of watched folders. Changes in others are found by polling. */
const MAX_WATCHED = 64;

/** Reports changes in folders, if the file system does. It is a hint to check at once, and not reliable. */
export class FolderWatch {
  private readonly watchers = new Map<string, { inode: number; watcher: FSWatcher }>();
  private readonly changed: () => void;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /**
   * Watches only these folders. A folder that was deleted and created again is another one, even with the same name. False if some of them are not
   * watched.
   */
  async update(folders: readonly string[]): Promise<boolean> {
    const wanted = new Map<string, number>();
    for (const folder of folders.slice(0, MAX_WATCHED)) {
      const found = await statOf(folder).catch(() => undefined);
      if (found?.isDirectory()) wanted.set(folder, found.ino);
    }
    for (const [folder, { inode }] of this.watchers) if (wanted.get(folder) !== inode) this.forget(folder);
    for (const [folder, inode] of wanted) if (!this.watchers.has(folder)) this.watch(folder, inode);
    return folders.every((folder) => this.watchers.has(folder));
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
      // There are no more watches, or the file system has none. Polling is enough.
    }
  }

  private forget(folder: string): void {
    this.watchers.get(folder)?.watcher.close();
    this.watchers.delete(folder);
  }
}
