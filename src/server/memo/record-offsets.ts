import { A, AAAA, MX, QType } from '../../dns/rr.ts';
import { HEADER_OCTETS } from '../../dns/wire/decode.ts';

/** The offset of each address record of a section; the last number is where the last record ends. */
export type AddressRun = readonly number[];

const POINTER = 0xc0;
const POINTER_OCTETS = 2;
const QUESTION_TAIL_OCTETS = 4;
/** Type, class, TTL and the length of the rdata. */
const RECORD_FIXED_OCTETS = 10;
const TTL = 4;
/** How many address records of a section may change places. */
export const MAX_RECORDS = 256;

/** Where a record is in a message. */
interface RecordPlace {
  /** The offset of its header's fixed part, behind the owner. */
  readonly fixed: number;
  readonly start: number;
  readonly end: number;
  readonly type: number;
}

/** The records of each section of a well-formed message. */
function sectionsOf(message: Buffer): RecordPlace[][] {
  let at = skipName(message, HEADER_OCTETS) + QUESTION_TAIL_OCTETS;
  return [6, 8, 10].map((countAt) =>
    Array.from({ length: message.readUInt16BE(countAt) }, () => {
      const start = at;
      const fixed = skipName(message, start);
      at = fixed + RECORD_FIXED_OCTETS + message.readUInt16BE(fixed + 8);
      return { fixed, start, end: at, type: message.readUInt16BE(fixed) };
    }),
  );
}

/** The offsets of the TTLs of a well-formed message. An OPT record has none. */
export function findTtls(message: Buffer): readonly number[] {
  const records = sectionsOf(message).flat();
  return records.filter(({ type }) => type !== QType.OPT).map(({ fixed }) => fixed + TTL);
}

/**
 * The address records of a response that may change places: one run for each section that has several. Undefined if they may not, because their
 * octets depend on their place, or because MX records would have to move with them.
 *
 * @param reply a well-formed response of this server
 */
export function findAddressRuns(reply: Buffer): readonly AddressRun[] | undefined {
  const runs: AddressRun[] = [];
  for (const section of sectionsOf(reply)) {
    if (section.filter(({ type }) => type === MX.code).length > 1) return undefined;
    const run: number[] = [];
    for (const { fixed, start, end, type } of section) {
      if (type !== A.code && type !== AAAA.code) continue;
      const behind = run.length === 0 || run.at(-1) === start;
      // Each owner is a pointer to a name before the run, so nothing can point to a name in the run.
      if (!behind || fixed - start !== POINTER_OCTETS || run.length > MAX_RECORDS) return undefined;
      if (run.length === 0) run.push(start);
      run.push(end);
    }
    if (run.length > 2) runs.push(run);
  }
  return runs;
}

/** The offset where the name at `at` ends. */
function skipName(bytes: Buffer, at: number): number {
  for (;;) {
    const label = bytes[at]!;
    if (label >= POINTER) return at + POINTER_OCTETS;
    at += 1 + label;
    if (label === 0) return at;
  }
}
