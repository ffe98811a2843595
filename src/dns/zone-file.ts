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
  /** What the file is called in errors, and what paths of `$INCLUDE` are relative to. */
  readonly file: string;
  /** What completes names until `$ORIGIN` says otherwise. */
  readonly origin: Name;
  /** Reads a file that `$INCLUDE` in `from` names; what it throws is reported at the line. */
  include(path: string, from: string): { readonly file: string; readonly text: string };
  /** Takes each record in turn; what it throws is reported at the record's line. */
  add(record: ResourceRecord): void;
}

/** What stands before an entry and completes it (RFC 1035 §5.1, RFC 2308 §4). */
interface State {
  origin: Name;
  owner: Name | undefined;
  /** What `$TTL` says. */
  defaultTtl: number | undefined;
  /** That of the last record that has one. */
  lastTtl: number | undefined;
  /** That of the zone: included files share it. */
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
  if (ttl === undefined) throw new PresentationError('the first record must have a TTL, or $TTL stand before it');
  state.lastTtl ??= ttl;
  add({ ...record, ttl });
}

/** An SOA record without TTL gives its own minimum, and that also to the records behind it. */
function minimumOf(record: ResourceRecord): number | undefined {
  return isOfType(record, SOA) ? record.data.minimum : undefined;
}

function readTtl(words: Words): number {
  const { text } = words.next('the TTL');
  const ttl = parseSeconds(text);
  if (ttl !== undefined && ttl <= MAX_TTL) return ttl;
  throw new PresentationError(`the TTL must be a number of seconds such as 3600 or 1h, not "${text}"`);
}

/** What the included file says of origin, owner and TTL ends with it (RFC 1035 §5.1). */
function* include(words: Words, options: ZoneFileOptions, state: State, depth: number): Generator<void, void> {
  const path = words.next('the file').text;
  const origin = words.left > 0 ? parseName(words.next('the origin').text, state.origin) : state.origin;
  if (depth === MAX_INCLUDE_DEPTH) {
    throw new PresentationError(`files include each other more than ${MAX_INCLUDE_DEPTH} deep`);
  }
  const { file, text } = options.include(path, options.file);
  yield* readFile(text, { ...options, file }, { ...state, origin }, depth + 1);
}
