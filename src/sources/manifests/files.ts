import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { stampOf, stampToKeep } from '../../base/file-stamp.ts';
import { inTurns } from '../../base/in-turns.ts';
import { readOctets } from '../../base/read-file.ts';
import type { Clock } from '../../observe/clock.ts';
import { type FileContent, MAX_FILE_BYTES, ManifestError, readFileContent } from './file.ts';
import { keyOf, type Manifest } from './manifest.ts';
import { expandPath, type FoundFiles, statOf } from './paths.ts';
import type { Problem } from './problems.ts';

/** A file that is written without a pause is read after this time, unless it was just emptied. */
const MAX_SETTLE_MS = 400;

const REPLACED_BY_NOTHING = 'has other files than before, without any object: the earlier objects stay served';

interface FileState {
  /** A text that differs if the file may have changed. */
  stamp: string;
  digest: string;
  /** The last good objects; undefined until the file was good for the first time. */
  manifests: readonly Manifest[] | undefined;
  /** The mistakes of the present text. */
  problems: readonly FileProblem[];
  /** The kinds in the present text that create pods in a cluster, but not here. */
  withoutPods: ReadonlySet<string>;
  /** The time since which the file is being written. */
  unsettledAtMs: number | undefined;
}

interface FileProblem extends Pick<Problem, 'level'> {
  readonly text: string;
  /** What is served nevertheless. */
  readonly effect: string;
}

interface Refresh {
  /** The time of the change of {@link ManifestFiles.manifests}, in milliseconds since the Unix epoch; undefined if nothing changed. */
  readonly changedAtMs: number | undefined;
  /** Whether a file is being written and should be checked again soon. */
  readonly unsettled: boolean;
  readonly problems: readonly Problem[];
  /** Why some configured path has not been read yet; undefined if all were. */
  readonly incomplete: string | undefined;
}

/** The manifest files of the configured paths, and their last good objects. */
export class ManifestFiles {
  private readonly paths: readonly string[];
  private readonly clock: Clock;
  /** The files of each path, when it last had valid ones. */
  private readonly expansions = new Map<string, readonly string[]>();
  private readonly states = new Map<string, FileState>();

  constructor(paths: readonly string[], clock: Clock) {
    this.paths = paths;
    this.clock = clock;
  }

  /** The files by path as last found. */
  filesOf(path: string): readonly string[] {
    return this.expansions.get(path) ?? [];
  }

  /** How many objects the files of a path have brought, and whether all of them were read once. */
  contentOf(path: string): { readonly objects: number; readonly isRead: boolean } {
    const contents = this.filesOf(path).map((file) => this.states.get(file)?.manifests);
    return {
      objects: contents.reduce((sum, manifests) => sum + (manifests?.length ?? 0), 0),
      isRead: this.expansions.has(path) && contents.every((manifests) => manifests !== undefined),
    };
  }

  get fileCount(): number {
    return this.states.size;
  }

  get brokenCount(): number {
    return [...this.states.values()].filter(({ problems }) => problems.length > 0).length;
  }

  /** The kinds in the files that create pods in a cluster, but not here. */
  get withoutPods(): ReadonlySet<string> {
    return new Set([...this.states.values()].flatMap(({ withoutPods }) => [...withoutPods]));
  }

  /** All objects, in the order of the files' names. */
  *manifests(): Iterable<Manifest> {
    for (const file of [...this.states.keys()].sort()) yield* this.states.get(file)!.manifests ?? [];
  }

  /**
   * Checks all files and reads those that have changed. A path without files keeps the earlier ones, and so does a path whose new files hold no
   * objects. A broken file keeps its last good objects, and an object that cannot be read keeps its last good state. A file that changed less than
   * `settleMs` ago is read later, as its writer may not be done.
   */
  async refresh(settleMs: number): Promise<Refresh> {
    const problems: Problem[] = [];
    const incomplete: string[] = [];
    const present = new Map<string, FoundFiles>();
    for (const path of this.paths) {
      const expansion = await expandPath(path);
      if ('files' in expansion) {
        present.set(path, expansion.files);
      } else {
        const known = this.expansions.has(path);
        const effect = known
          ? 'the earlier objects stay served'
          : 'until then, names that are not found are answered with SERVFAIL';
        problems.push({ level: 'warning', text: `${expansion.missing}: ${effect}`, subject: path });
        if (!known) incomplete.push(expansion.missing);
      }
    }
    const files = new Map([...present.values()].flatMap((found) => [...found]));
    const changes: number[] = [];
    for (const [file, found] of files) changes.push(...(await this.refreshFile(file, found, settleMs)));
    for (const [path, ofPath] of present) {
      const found = [...ofPath.keys()];
      if (this.mayReplace(this.filesOf(path), found)) this.expansions.set(path, found);
      else if (!found.some((file) => this.states.get(file)?.unsettledAtMs !== undefined))
        problems.push({ level: 'warning', text: `${path} ${REPLACED_BY_NOTHING}`, subject: path });
    }
    if (this.dropAllBut(new Set([...files.keys(), ...[...this.expansions.values()].flat()])))
      changes.push(this.clock.now());
    for (const [file, state] of this.states) {
      problems.push(
        ...state.problems.map(({ level, text, effect }) => ({ level, text: `${text}; ${effect}`, subject: file })),
      );
      if (!state.manifests) incomplete.push(state.problems[0]?.text ?? `${file} is being written`);
    }
    const unsettled = [...this.states.values()].some(({ unsettledAtMs }) => unsettledAtMs !== undefined);
    const changedAtMs = changes.length > 0 ? Math.max(...changes) : undefined;
    return { changedAtMs, unsettled, problems, incomplete: incomplete[0] };
  }

  /** Whether the new files of a path replace the old ones. If all files are new and hold no object, that is probably a mistake, and the old objects stay. */
  private mayReplace(before: readonly string[], found: readonly string[]): boolean {
    const holdsObjects = (file: string) => (this.states.get(file)?.manifests ?? []).length > 0;
    return !before.some(holdsObjects) || found.some((file) => before.includes(file) || holdsObjects(file));
  }

  private dropAllBut(wanted: ReadonlySet<string>): boolean {
    const gone = [...this.states.keys()].filter((file) => !wanted.has(file));
    for (const file of gone) this.states.delete(file);
    return gone.length > 0;
  }

  /** Reads a file if it has changed. Returns the time of the change if its objects differ. */
  private async refreshFile(file: string, before: Stats, settleMs: number): Promise<readonly number[]> {
    const state = this.stateOf(file);
    try {
      if (stampOf(before) === state.stamp) return [];
      // Reading other files may have taken a while.
      const found = await statOf(file);
      if (!found) return [];
      if (this.isBeingWritten(state, found, settleMs)) return [];
      const bytes = await readOctets(file, MAX_FILE_BYTES);
      if (bytes.length < found.size) {
        state.unsettledAtMs ??= this.clock.now(); // just emptied, and about to be written
        return [];
      }
      state.stamp = stampToKeep(found, this.clock.now());
      return (await read(file, bytes, state)) ? [found.ctimeMs] : []; // a file that was moved here has an older mtime
    } catch (thrown) {
      if (thrown instanceof ManifestError) {
        state.problems = ofWholeFile(thrown.problems, state);
      } else {
        const problems = ofWholeFile([`${file}: cannot be read: ${messageOf(thrown)}`], state);
        Object.assign(state, { stamp: '', digest: '', problems });
      }
      return [];
    }
  }

  private stateOf(file: string): FileState {
    let state = this.states.get(file);
    if (!state) {
      state = {
        ...{ stamp: '', digest: '', manifests: undefined, problems: [] },
        ...{ withoutPods: new Set(), unsettledAtMs: undefined },
      };
      this.states.set(file, state);
    }
    return state;
  }

  private isBeingWritten(state: FileState, { mtimeMs, size }: Stats, settleMs: number): boolean {
    const now = this.clock.now();
    const age = now - mtimeMs;
    const since = state.unsettledAtMs ?? now;
    const waits = age >= 0 && age < settleMs && (size === 0 || now - since < MAX_SETTLE_MS);
    state.unsettledAtMs = waits ? since : undefined;
    return waits;
  }
}

/** How much is hashed in one step. */
const HASHED_OCTETS = 1024 * 1024;

function* digestOf(bytes: Uint8Array): Generator<void, string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_OCTETS) {
    hash.update(bytes.subarray(at, at + HASHED_OCTETS));
    yield;
  }
  return hash.digest('base64');
}

/** Returns whether the objects of the file have changed. */
async function read(file: string, bytes: Uint8Array, state: FileState): Promise<boolean> {
  const digest = await inTurns(digestOf(bytes));
  if (digest === state.digest) return false;
  state.digest = digest;
  const content = await readFileContent(file, bytes);
  const kept = lastGood(content, state.manifests ?? []);
  state.problems = ofParts(file, content, new Set(kept.map(keyOf)));
  state.manifests = [...kept, ...content.manifests];
  state.withoutPods = content.withoutPods;
  return true;
}

/** The last good state of the objects that can no longer be read. */
function lastGood({ unreadable, manifests }: FileContent, before: readonly Manifest[]): Manifest[] {
  if (unreadable.size === 0) return [];
  const readable = new Set(manifests.map(keyOf));
  return before.filter((manifest) => unreadable.has(keyOf(manifest)) && !readable.has(keyOf(manifest)));
}

function ofWholeFile(problems: readonly string[], { manifests }: FileState): FileProblem[] {
  const effect = manifests ? 'the last good objects of the file stay served' : 'nothing of the file is served';
  return problems.map((text) => ({ level: 'error', text, effect }));
}

function ofParts(file: string, content: FileContent, kept: ReadonlySet<string>): FileProblem[] {
  const problems = content.mistakes.map(({ text, costs, object }): FileProblem => {
    if (costs === 'part') return { level: 'warning', text, effect: 'the rest of the object is served' };
    const isKept = object !== undefined && kept.has(object);
    return { level: 'error', text, effect: isKept ? 'its last good state stays served' : 'it is not served' };
  });
  const { moreMistakes: more } = content;
  const effect = 'these objects are not served, or not in full';
  if (more > 0) problems.push({ level: 'error', text: `${file}: and ${more} more mistakes`, effect });
  return problems;
}
