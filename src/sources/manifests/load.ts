import { messageOf } from '../../base/errors.ts';
import { readOctets } from '../../base/read-file.ts';
import { MAX_FILE_BYTES, ManifestError, readManifests } from './file.ts';
import type { Manifest } from './manifest.ts';
import { expandPath } from './paths.ts';

/**
 * Reads the manifests of files, folders and patterns once, without following them.
 *
 * @throws ManifestError with all mistakes: a path without files, a file that cannot be read, objects with mistakes.
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
    for (const file of expansion.files.keys()) {
      try {
        for (const manifest of await readManifests(file, await readOctets(file, MAX_FILE_BYTES)))
          manifests.push(manifest);
      } catch (thrown) {
        problems.push(...(thrown instanceof ManifestError ? thrown.problems : [`${file}: ${messageOf(thrown)}`]));
      }
    }
  }
  if (problems.length > 0) throw new ManifestError(problems);
  return manifests;
}
