import { readFile } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import { MAX_FILE_BYTES, ManifestError, readManifests } from './file.ts';
import type { Manifest } from './manifest.ts';
import { expandPath, statOf } from './paths.ts';

/**
 * Reads the manifests of files, folders and patterns once, and follows nothing.
 *
 * @throws ManifestError with all that is wrong: a path without files, a file that cannot be read, objects with mistakes.
 */
export async function loadManifests(paths: readonly string[]): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const expansion = await expandPath(path);
    if ('missing' in expansion) {
      problems.push(expansion.missing);
      continue;
    }
    for (const file of expansion.files) {
      try {
        manifests.push(...(await readManifests(file, await readBytes(file))));
      } catch (thrown) {
        problems.push(...(thrown instanceof ManifestError ? thrown.problems : [`${file}: ${messageOf(thrown)}`]));
      }
    }
  }
  if (problems.length > 0) throw new ManifestError(problems);
  return manifests;
}

async function readBytes(file: string): Promise<Uint8Array> {
  const found = await statOf(file);
  if (found && found.size > MAX_FILE_BYTES)
    throw new ManifestError([`${file}: is larger than ${MAX_FILE_BYTES} bytes: split it`]);
  return readFile(file);
}
