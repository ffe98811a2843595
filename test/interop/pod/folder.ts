import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is to be done when a world ends, the last first. */
export type Stops = (() => unknown)[];

/** A folder of files that everybody may read, as volumes are mounted into pods; removed when the world ends. */
export function folderOf(files: Readonly<Record<string, string>>, stops: Stops): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-pod-'));
  stops.push(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}
