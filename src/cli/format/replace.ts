import { chmod, chown, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { CairnError, messageOf } from '../../base/errors.ts';
import { UsageError } from '../usage.ts';

/**
 * Replaces a file at once, so that no reader sees a part of it. Its mode and, if possible, its owner stay.
 *
 * @throws CairnError if it cannot be written, UsageError if it is no file
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const { mode, uid, gid, isFile } = await statusOf(path);
  if (!isFile) throw new UsageError(`${path} is a pipe or a device, which cannot be written`, 'leave --write out');
  const target = await realpath(path);
  const next = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(next, text, { flag: 'wx', mode });
    await chown(next, uid, gid).catch(() => {}); // only root may give files away
    await chmod(next, mode);
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true });
    throw new CairnError('COREFILE', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

async function statusOf(path: string) {
  const status = await stat(path);
  return { mode: status.mode & 0o7777, uid: status.uid, gid: status.gid, isFile: status.isFile() };
}
