import { CairnError } from '../../base/errors.ts';
import { inTurns } from '../../base/in-turns.ts';
import { ObjectError } from '../objects/field.ts';
import { type ApiObject, objectsOf } from '../objects/list.ts';
import { DEFAULT_NAMESPACE } from '../objects/metadata.ts';
import { type Piece, piecesOf, positionOf, readPiece, startOf } from './documents.ts';
import { isClusterWide, keyOf, lacksPods, type Manifest, readManifest } from './manifest.ts';

export const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** The maximum number of objects in one file. */
const MAX_FILE_OBJECTS = 500_000;
/** The maximum number of mistakes of one file that are reported at once. */
const MAX_FILE_ERRORS = 10;

/** The mistakes of a manifest file: one line for each, `FILE:LINE:COLUMN: KIND NAMESPACE/NAME: FIELD PROBLEM`. */
export class ManifestError extends CairnError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super('MANIFEST', problems.join('\n'));
    this.problems = problems;
  }
}

/** A mistake at a position in a file. */
interface Mistake {
  /** `FILE:LINE:COLUMN: KIND NAMESPACE/NAME: FIELD PROBLEM` */
  readonly text: string;
  /** What cannot be read because of it: the whole text, an object, or a part of an object. */
  readonly costs: 'text' | 'object' | 'part';
  /** The object, as {@link keyOf} names it, if that is known. */
  readonly object?: string | undefined;
}

/** The valid contents of a file, and its mistakes. */
export interface FileContent {
  readonly manifests: readonly Manifest[];
  /** The first mistakes, in the order of the file. */
  readonly mistakes: readonly Mistake[];
  /** The number of further mistakes. */
  readonly moreMistakes: number;
  /** All objects that cannot be read and whose names are known. */
  readonly unreadable: ReadonlySet<string>;
  /** The kinds in the file that create pods in a cluster, but not here. */
  readonly withoutPods: ReadonlySet<string>;
}

/**
 * Reads the objects of a file that matter for DNS; other kinds are ignored.
 *
 * @throws ManifestError with all mistakes, up to a limit.
 */
export async function readManifests(file: string, bytes: Uint8Array): Promise<readonly Manifest[]> {
  const { manifests, mistakes } = await readFileContent(file, bytes);
  if (mistakes.length > 0) throw new ManifestError(mistakes.map(({ text }) => text));
  return manifests;
}

/**
 * As {@link readManifests}, but a mistake only leaves out the part of the object that it is in, or the object.
 *
 * @throws ManifestError for a file that is too large, or a text that cannot be parsed.
 */
export async function readFileContent(file: string, bytes: Uint8Array): Promise<FileContent> {
  const reader = new FileReader(file);
  const octets = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  await inTurns(reader.readAll(piecesOf(octets, (part) => decode(file, part))));
  const { mistakes } = reader;
  if (mistakes.some(({ costs }) => costs === 'text')) throw new ManifestError(mistakes.map(({ text }) => text));
  return reader;
}

/** Reads the pieces of a file one after the other. */
class FileReader implements FileContent {
  readonly manifests: Manifest[] = [];
  readonly mistakes: Mistake[] = [];
  moreMistakes = 0;
  readonly unreadable = new Set<string>();
  readonly withoutPods = new Set<string>();
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** Reads pieces, with a step for each, and for each object of a piece: also pieces without objects take time. @throws ManifestError */
  *readAll(pieces: Iterable<Piece | undefined>): Generator<void, void> {
    for (const piece of pieces) {
      if (piece) yield* this.read(piece);
      yield;
    }
  }

  /** Reads a piece. The items of a list that was not split are read one by one. @throws ManifestError */
  private *read(piece: Piece): Iterable<void> {
    const content = readPiece(piece);
    if ('problem' in content) {
      this.note('text', () => `${this.file}:${content.position}: ${content.problem}`);
      return;
    }
    const start = `${this.file}:${startOf(piece)}`;
    try {
      for (const found of objectsOf(content.value, (problem) => this.noteObject(piece, problem), piece.ofItems)) {
        this.take(piece, found, found.path.length === 0 ? start : `${start} ${printPath(found.path)}`);
        yield;
      }
    } catch (thrown) {
      if (!(thrown instanceof ObjectError)) throw thrown;
      this.noteObject(piece, thrown);
    }
  }

  private take(piece: Piece, found: ApiObject, place: string): void {
    if (lacksPods(found)) this.withoutPods.add(found.kind);
    // Some parts are read twice.
    const parts = new Map<string, ObjectError>();
    try {
      const manifest = readManifest(found, place, (problem) => parts.set(problem.message, problem));
      if (manifest) this.manifests.push(manifest);
    } catch (thrown) {
      if (!(thrown instanceof ObjectError)) throw thrown;
      this.noteObject(piece, thrown, found);
      return;
    }
    for (const problem of parts.values()) this.note('part', () => this.locate(piece, problem, found.path));
    if (this.manifests.length > MAX_FILE_OBJECTS) {
      const problem = `${this.file}: has more than ${MAX_FILE_OBJECTS} objects: split it`;
      throw new ManifestError([...this.mistakes.map(({ text }) => text), problem]);
    }
  }

  private noteObject(piece: Piece, problem: ObjectError, found?: ApiObject): void {
    const object = found && nameOf(found);
    if (object !== undefined) this.unreadable.add(object);
    this.note('object', () => this.locate(piece, problem, found?.path ?? []), object);
  }

  /** Finding the position means reading the piece again, so this is done only for mistakes that are logged. */
  private note(costs: Mistake['costs'], text: () => string, object?: string): void {
    if (this.mistakes.length < MAX_FILE_ERRORS || costs === 'text') this.mistakes.push({ costs, text: text(), object });
    else this.moreMistakes++;
    if (this.mistakes.length >= MAX_FILE_ERRORS && costs === 'text') {
      throw new ManifestError(this.mistakes.map((mistake) => mistake.text));
    }
  }

  private locate(piece: Piece, { path, message }: ObjectError, within: ApiObject['path']): string {
    return `${this.file}:${positionOf(piece, [...within, ...path])}: ${message}`;
  }
}

/** The object's key as in {@link keyOf}; undefined if the object has no name. */
function nameOf({ kind, object }: ApiObject): string | undefined {
  const { metadata } = object as { metadata?: { namespace?: unknown; name?: unknown } | null };
  const { namespace, name } = metadata ?? {};
  if (typeof name !== 'string') return undefined;
  const isIn = typeof namespace === 'string' ? namespace : DEFAULT_NAMESPACE;
  return keyOf({ kind: kind as Manifest['kind'], namespace: isClusterWide(kind) ? '' : isIn, name });
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
