import { setImmediate } from 'node:timers/promises';
import { CairnError } from '../../errors.ts';
import { ObjectError } from '../objects/field.ts';
import { type ApiObject, objectsOf } from '../objects/list.ts';
import { type Piece, positionOf, readPiece, splitPieces, startOf } from './documents.ts';
import { type Manifest, readManifest } from './manifest.ts';

/** Larger files are refused. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** More objects in one file are refused. */
export const MAX_FILE_OBJECTS = 500_000;
/** So many mistakes of one file are told at once. */
const MAX_FILE_ERRORS = 10;
/** Reading goes on for so long before queries get their turn. */
const MAX_PAUSE_MS = 5;

/** What is wrong with a manifest file: one line for each mistake, `FILE:LINE:COLUMN: KIND NAMESPACE/NAME: FIELD PROBLEM`. */
export class ManifestError extends CairnError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('MANIFEST', problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the objects of a file that DNS is made of; other kinds are passed over.
 *
 * @throws ManifestError with all that is wrong, up to a bound.
 */
export async function readManifests(file: string, bytes: Uint8Array): Promise<Manifest[]> {
  const manifests: Manifest[] = [];
  const problems: string[] = [];
  let pausedAt = performance.now();
  for (const piece of splitPieces(decode(file, bytes))) {
    for (const result of readObjects(file, piece)) {
      if ('problem' in result) problems.push(result.problem);
      else manifests.push(result.manifest);
      if (manifests.length > MAX_FILE_OBJECTS)
        problems.push(`${file}: has more than ${MAX_FILE_OBJECTS} objects: split it`);
      if (problems.length >= MAX_FILE_ERRORS || manifests.length > MAX_FILE_OBJECTS) throw new ManifestError(problems);
      if (performance.now() - pausedAt > MAX_PAUSE_MS) {
        await setImmediate();
        pausedAt = performance.now();
      }
    }
  }
  if (problems.length > 0) throw new ManifestError(problems);
  return manifests;
}

type Result = { readonly manifest: Manifest } | { readonly problem: string };

/** The objects of a piece; the items of a list that was not split are read one by one, so that all mistakes are found. */
function* readObjects(file: string, piece: Piece): Iterable<Result> {
  const content = readPiece(piece);
  if ('problem' in content) {
    yield { problem: `${file}:${content.position}: ${content.problem}` };
    return;
  }
  const start = `${file}:${startOf(piece)}`;
  const locate = (error: unknown, within: ApiObject['path']): Result => {
    if (!(error instanceof ObjectError)) throw error;
    return { problem: `${file}:${positionOf(piece, [...within, ...error.path])}: ${error.message}` };
  };
  try {
    for (const found of objectsOf(content.value)) {
      try {
        const manifest = readManifest(found, found.path.length === 0 ? start : `${start} ${printPath(found.path)}`);
        if (manifest) yield { manifest };
      } catch (thrown) {
        yield locate(thrown, found.path);
      }
    }
  } catch (thrown) {
    yield locate(thrown, []);
  }
}

/** `items[3]` */
function printPath(path: ApiObject['path']): string {
  return path.map((key) => (typeof key === 'number' ? `[${key}]` : key)).join('');
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ManifestError([`${file}: is not UTF-8 text`]);
  }
}
