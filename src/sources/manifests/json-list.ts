/** An object of a list in JSON text: where it is, in octets from the start. */
export interface ListItem {
  readonly start: number;
  readonly end: number;
  /** How many lines of the text come before it, and how many octets of its line. */
  readonly linesBefore: number;
  readonly columnsBefore: number;
}

/** A list in JSON text. */
export interface JsonList {
  readonly items: readonly ListItem[];
  /** The text without the items. */
  readonly frame: string;
}

/** A step of the scan. */
const STEP_OCTETS = 256 * 1024;

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = { brace: 0x7b, bracket: 0x5b } as const;
const CLOSE = { brace: 0x7d, bracket: 0x5d } as const;
const SPACES: readonly number[] = [0x20, 0x09, 0x0d, NEWLINE];
/** The depth of the list's keys, and that of its items. */
const KEY_DEPTH = 1;
const ITEM_DEPTH = 2;
const ITEMS_KEY = '"items"';

/**
 * Finds the objects in the `items` of a JSON text, in steps. Undefined if the text is no such list, or anything else than objects is in `items`: then it must be
 * read as a whole, which also finds out what is wrong. Whether the objects themselves are JSON is not checked.
 */
export function* findItems(octets: Uint8Array): Generator<undefined, JsonList | undefined> {
  const scan = new Scan(octets);
  for (let from = 0; from < octets.length; from += STEP_OCTETS) {
    if (!scan.until(Math.min(from + STEP_OCTETS, octets.length))) return undefined;
    yield undefined;
  }
  return scan.result();
}

class Scan {
  private readonly octets: Uint8Array;
  private readonly items: ListItem[] = [];
  private at = 0;
  private depth = 0;
  private inString = false;
  private isEscaped = false;
  private lines = 0;
  private lineStart = 0;
  /** Where the last string at the level of the list begins and ends: mostly it is a key. */
  private lastString = [0, 0];
  /** Where `items` begins and ends. */
  private arrayStart = -1;
  private arrayEnd = -1;
  private itemStart = -1;
  private isAfterItem = false;
  private itemLine = { linesBefore: 0, columnsBefore: 0 };

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  private get inItems(): boolean {
    return this.arrayStart >= 0 && this.arrayEnd < 0;
  }

  /** Goes on to an offset. False if this is no list that can be split. */
  until(end: number): boolean {
    const { octets } = this;
    for (; this.at < end; this.at++) {
      const octet = octets[this.at]!;
      if (octet === NEWLINE) {
        this.lines++;
        this.lineStart = this.at + 1;
      }
      if (this.inString) this.string(octet);
      else if (!this.outside(octet)) return false;
    }
    return true;
  }

  private string(octet: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (octet === BACKSLASH) this.isEscaped = true;
    else if (octet === QUOTE) {
      this.inString = false;
      if (this.depth === KEY_DEPTH) this.lastString[1] = this.at + 1;
    }
  }

  private outside(octet: number): boolean {
    if (octet === QUOTE) return this.beginString();
    if (octet === OPEN.brace || octet === OPEN.bracket) return this.open(octet);
    if (octet === CLOSE.brace || octet === CLOSE.bracket) return this.close();
    if (!this.inItems || this.depth !== ITEM_DEPTH || SPACES.includes(octet)) return true;
    // Between two objects is one comma, and nothing else.
    const isBetween = octet === COMMA && this.isAfterItem;
    this.isAfterItem = false;
    return isBetween;
  }

  private beginString(): boolean {
    this.inString = true;
    if (this.depth === KEY_DEPTH) this.lastString = [this.at, this.at];
    return !(this.inItems && this.depth === ITEM_DEPTH);
  }

  private open(octet: number): boolean {
    const { depth } = this;
    this.depth++;
    if (depth === 0) return octet === OPEN.brace && this.arrayStart < 0 && this.itemStart < 0;
    if (depth === KEY_DEPTH && octet === OPEN.bracket && this.isItemsKey()) {
      if (this.arrayStart >= 0) return false;
      this.arrayStart = this.at;
    } else if (this.inItems && depth === ITEM_DEPTH) {
      if (octet !== OPEN.brace || this.isAfterItem) return false;
      this.itemStart = this.at;
      this.itemLine = { linesBefore: this.lines, columnsBefore: this.at - this.lineStart };
    }
    return true;
  }

  private isItemsKey(): boolean {
    const [start = 0, end = 0] = this.lastString;
    return (
      Buffer.from(this.octets.buffer, this.octets.byteOffset + start, end - start).toString('latin1') === ITEMS_KEY
    );
  }

  private close(): boolean {
    this.depth--;
    if (this.depth < 0) return false;
    if (this.inItems && this.depth === ITEM_DEPTH) {
      this.items.push({ start: this.itemStart, end: this.at + 1, ...this.itemLine });
      this.isAfterItem = true;
    } else if (this.inItems && this.depth === KEY_DEPTH) {
      this.arrayEnd = this.at + 1;
      // A comma before the end.
      return this.isAfterItem || this.items.length === 0;
    }
    return true;
  }

  result(): JsonList | undefined {
    if (this.depth !== 0 || this.inString || this.arrayEnd < 0) return undefined;
    const text = (start: number, end?: number) => Buffer.from(this.octets.subarray(start, end)).toString('utf8');
    return { items: this.items, frame: `${text(0, this.arrayStart)}[]${text(this.arrayEnd)}` };
  }
}
