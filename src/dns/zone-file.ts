import { CairnError, messageOf } from '../base/errors.ts';
import { nameOf } from './field.ts';
import { type GenerateBudget, generateEntries, MAX_GENERATED } from './generate.ts';
import { type Name, parseName } from './name.ts';
import { MAX_TTL, readRecord } from './presentation.ts';
import { isOfType, type ResourceRecord, SOA } from './rr.ts';
import { PresentationError, parseSeconds, type Word, Words } from './words.ts';
import { readEntries, type ZoneFileEntry } from './zone-file-entries.ts';

/** How deep files may include each other. */
export const MAX_INCLUDE_DEPTH = 8;

/** A mistake in a zone file; its message begins with `FILE:LINE: `. */
class ZoneFileError extends CairnError {
  constructor(file: string, line: number, problem: string) {
    super('ZONE_FILE', `${file}:${line}: ${problem}`);
  }
}

interface ZoneFileOptions {
  /** The path of the file in errors, and the base for paths of `$INCLUDE`. */
  readonly file: string;
  /** Completes names until an `$ORIGIN`. */
  readonly origin: Name;
  /** Reads a file for `$INCLUDE` in `from`; errors are reported at the line. */
  include(path: string, from: string): { readonly file: string; readonly text: string };
  /** Called with each record; errors are reported at the record's line. */
  add(record: ResourceRecord): void;
}

/** The earlier parts of the file that complete an entry (RFC 1035 §5.1, RFC 2308 §4). */
interface State {
  origin: Name;
  owner: Name | undefined;
  /** The TTL of `$TTL`. */
  defaultTtl: number | undefined;
  /** The TTL of the last record that has one. */
  lastTtl: number | undefined;
  /** The budget of the zone, which included files share. */
  readonly generate: GenerateBudget;
}

/**
 * Reads a master file (RFC 1035 §5), with a step for each record: records on one or more lines, `$ORIGIN`, `$TTL`, `$INCLUDE`, `$GENERATE`.
 *
 * @throws ZoneFileError at the first mistake.
 */
export function* zoneFileSteps(text: string, options: ZoneFileOptions): Generator<void, void> {
  const generate = { left: MAX_GENERATED };
  const state = { origin: options.origin, owner: undefined, defaultTtl: undefined, lastTtl: undefined, generate };
  yield* readFile(text, options, state, 0);
}

function* readFile(text: string, options: ZoneFileOptions, state: State, depth: number): Generator<void, void> {
  let line = 1;
  try {
    for (const entry of readEntries(text, (at) => (line = at))) {
      line = entry.line;
      yield* readEntry(entry, options, state, depth);
    }
  } catch (thrown) {
    if (thrown instanceof ZoneFileError) throw thrown;
    throw new ZoneFileError(options.file, line, messageOf(thrown));
  }
}

function* readEntry(
  entry: ZoneFileEntry,
  options: ZoneFileOptions,
  state: State,
  depth: number,
): Generator<void, void> {
  const [first] = entry.words as [Word, ...Word[]];
  if (!first.text.startsWith('$') || first.quoted || entry.isIndented) {
    addRecord(entry, options, state);
    yield;
    return;
  }
  const words = new Words(entry.words.slice(1), state.origin);
  const directive = first.text.toUpperCase();
  switch (directive) {
    case '$ORIGIN':
      state.origin = parseName(words.next('the name').text, state.origin);
      break;
    case '$TTL':
      state.defaultTtl = readTtl(words);
      break;
    case '$INCLUDE':
      yield* include(words, options, state, depth);
      break;
    case '$GENERATE':
      for (const made of generateEntries(words, entry.line, state.generate)) {
        addRecord(made, options, state);
        yield;
      }
      break;
    default:
      throw new PresentationError(`${first.text} is unknown: expecting $ORIGIN, $TTL, $INCLUDE or $GENERATE`);
  }
  if (words.left > 0) throw new PresentationError(`unexpected "${words.next('').text}" after ${directive}`);
}

function addRecord({ words: all, isIndented }: ZoneFileEntry, { add }: ZoneFileOptions, state: State): void {
  const words = new Words(all, state.origin);
  if (!isIndented) state.owner = nameOf(words.next('the owner name').text, state.origin);
  const { owner } = state;
  if (owner === undefined) throw new PresentationError('the first record must have an owner name');
  const record = readRecord(words, owner, all.map(({ text }) => text).join(' '));
  if (record.ttl !== undefined) state.lastTtl = record.ttl;
  const ttl = record.ttl ?? state.defaultTtl ?? state.lastTtl ?? minimumOf(record as ResourceRecord);
  if (ttl === undefined)
    throw new PresentationError('the first record must have a TTL, or there must be a $TTL before it');
  state.lastTtl ??= ttl;
  add({ ...record, ttl });
}

/** The minimum of an SOA record without a TTL: it is the TTL of this record and of the following ones. */
function minimumOf(record: ResourceRecord): number | undefined {
  return isOfType(record, SOA) ? record.data.minimum : undefined;
}

function readTtl(words: Words): number {
  const { text } = words.next('the TTL');
  const ttl = parseSeconds(text);
  if (ttl !== undefined && ttl <= MAX_TTL) return ttl;
  throw new PresentationError(`the TTL must be a number of seconds such as 3600 or 1h, not "${text}"`);
}

/** Reads an included file. Its origin, owner and TTL end with the file (RFC 1035 §5.1). */
function* include(words: Words, options: ZoneFileOptions, state: State, depth: number): Generator<void, void> {
  const path = words.next('the file').text;
  const origin = words.left > 0 ? parseName(words.next('the origin').text, state.origin) : state.origin;
  if (depth === MAX_INCLUDE_DEPTH) {
    throw new PresentationError(`files include each other more than ${MAX_INCLUDE_DEPTH} deep`);
  }
  const { file, text } = options.include(path, options.file);
  yield* readFile(text, { ...options, file }, { ...state, origin }, depth + 1);
}
