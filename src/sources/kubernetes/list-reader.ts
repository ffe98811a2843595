import { ApiConnectionError } from './errors.ts';
import { MAX_LINE_BYTES } from './lines.ts';
import { metadataOf } from './watch-event.ts';

/** The metadata of a list. */
interface ListEnvelope {
  /** The version that the list shows. */
  readonly version: string | undefined;
  /** Where the next page begins; empty after the last one. */
  readonly next: string;
}

/** The maximum size of a list without its items. */
const MAX_ENVELOPE_BYTES = 64 * 1024;

/**
 * Reads a list as it comes, and passes on its items one by one, as text, so that the whole list is never in memory. An item that is longer than
 * `maxBytes` is reported to `tooLong` and left out.
 *
 * @throws ApiConnectionError if the response is not a list, or is cut off.
 */
export async function readList(
  chunks: AsyncIterable<Buffer>,
  item: (text: string) => void,
  tooLong: () => void,
  maxBytes: number = MAX_LINE_BYTES,
): Promise<ListEnvelope> {
  const splitter = new ListSplitter(maxBytes, (text) => (text === undefined ? tooLong() : item(text)));
  for await (const chunk of chunks) splitter.push(chunk);
  return readEnvelope(splitter.envelope.take());
}

function readEnvelope(text: string | undefined): ListEnvelope {
  let list: unknown;
  try {
    // Only the commas between the items are left.
    list = JSON.parse((text ?? '').replace(/"items"\s*:\s*\[[\s,]*\]/, '"items":[]'));
  } catch (thrown) {
    throw new ApiConnectionError('the list is not JSON, or was cut off', thrown);
  }
  const { items, metadata } = (list ?? {}) as { readonly items?: unknown; readonly metadata?: { continue?: unknown } };
  if (items !== null && !Array.isArray(items)) throw new ApiConnectionError('the response is not a list');
  const next = metadata?.continue;
  return { version: metadataOf(list).resourceVersion, next: typeof next === 'string' ? next : '' };
}

const SMALL = 1024;

/** Collects the octets of a text from several chunks. */
class Collected {
  private readonly maxBytes: number;
  private parts: Buffer[] = [];
  private length = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  add(chunk: Buffer, start: number, end: number): void {
    if (start === end) return;
    this.length += end - start;
    const part = chunk.subarray(start, end);
    // A few octets must not keep a whole chunk in memory.
    if (this.length <= this.maxBytes) this.parts.push(part.length < SMALL ? Buffer.from(part) : part);
    else this.parts = [];
  }

  /** Undefined if the text was too long. */
  take(): string | undefined {
    const [first, ...more] = this.parts;
    const isTooMuch = this.length > this.maxBytes;
    this.parts = [];
    this.length = 0;
    if (isTooMuch) return undefined;
    return (more.length === 0 ? first : Buffer.concat([first!, ...more]))?.toString('utf8') ?? '';
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = { brace: 0x7b, bracket: 0x5b } as const;
const CLOSE = { brace: 0x7d, bracket: 0x5d } as const;
/** The depth of the list's keys, and that of its items' braces. */
const LIST_DEPTH = 1;
const ITEM_DEPTH = 2;
const ITEMS_KEY = '"items"';

/** Finds the items of a list in its JSON text, wherever that is cut into chunks. It does not check whether the items are valid JSON. */
class ListSplitter {
  readonly envelope = new Collected(MAX_ENVELOPE_BYTES);
  private readonly current: Collected;
  private readonly emit: (item: string | undefined) => void;
  private depth = 0;
  private inItems = false;
  private inString = false;
  private isEscaped = false;
  /** The last string at the level of the list, which is mostly a key. */
  private lastString = '';

  constructor(maxBytes: number, emit: (item: string | undefined) => void) {
    this.current = new Collected(maxBytes);
    this.emit = emit;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const octet = chunk[at]!;
      if (this.inString) {
        this.string(octet);
      } else if (octet === QUOTE) {
        this.inString = true;
        if (this.depth === LIST_DEPTH) this.lastString = '"';
      } else if (octet === OPEN.brace || octet === OPEN.bracket) {
        if (this.inItems && this.depth === ITEM_DEPTH) {
          this.envelope.add(chunk, from, at);
          from = at;
        }
        if (this.depth === LIST_DEPTH) this.inItems = octet === OPEN.bracket && this.lastString === ITEMS_KEY;
        this.depth++;
      } else if (octet === CLOSE.brace || octet === CLOSE.bracket) {
        this.depth--;
        if (this.inItems && this.depth === ITEM_DEPTH) {
          this.current.add(chunk, from, at + 1);
          from = at + 1;
          this.emit(this.current.take());
        }
        if (this.depth === LIST_DEPTH) this.inItems = false;
      }
    }
    const isInItem = this.inItems && this.depth > ITEM_DEPTH;
    (isInItem ? this.current : this.envelope).add(chunk, from, chunk.length);
  }

  private string(octet: number): void {
    if (this.depth === LIST_DEPTH && this.lastString.length < ITEMS_KEY.length) {
      this.lastString += String.fromCharCode(octet);
    } else if (this.depth === LIST_DEPTH) {
      this.lastString = '';
    }
    if (this.isEscaped) this.isEscaped = false;
    else if (octet === BACKSLASH) this.isEscaped = true;
    else if (octet === QUOTE) this.inString = false;
  }
}
