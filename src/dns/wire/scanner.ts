import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from '../name.ts';
import { WireError } from './error.ts';
import { MAX_POINTER, Reader } from './reader.ts';

/** For each offset that pointers can reach: the uncompressed length of the name that starts there, and the scan that found it. */
const lengths = new Uint8Array(MAX_POINTER + 1);
const scans = new Uint32Array(MAX_POINTER + 1);
let lastScan = 0;

/**
 * Skips through a message without making objects. It is stricter than {@link Reader}: a pointer must lead to the start of a label of an earlier name.
 * So the time for a name depends only on its own octets, and octets outside of names can change without changing names.
 */
export class Scanner extends Reader {
  private readonly scan: number;

  constructor(bytes: Uint8Array, offset: number) {
    super(bytes, offset);
    if (lastScan === 0xffff_ffff) {
      scans.fill(0);
      lastScan = 0;
    }
    this.scan = ++lastScan;
  }

  /** @throws WireError beyond the end. */
  skip(octets: number): void {
    if (this.offset + octets > this.end) throw new WireError(`${octets} octets expected at ${this.offset}`);
    this.offset += octets;
  }

  /** Skips a name; returns its uncompressed length. */
  skipName(): number {
    const { bytes, offset: start, end, scan } = this;
    let at = start;
    let tail = 1;
    for (;;) {
      if (at >= end) throw new WireError(`the name at ${start} runs past its end`);
      const octet = bytes[at]!;
      if (octet === 0) break;
      if (octet >= 0xc0) {
        if (at + 1 >= end) throw new WireError(`the compression pointer at ${at} is cut off`);
        const target = ((octet & 0x3f) << 8) | bytes[at + 1]!;
        if (target >= start || scans[target] !== scan)
          throw new WireError(`the pointer at ${at} leads to no earlier name`);
        tail = lengths[target]!;
        break;
      }
      if (octet > MAX_LABEL_OCTETS) throw new WireError(`the label at ${at} has an unknown type`);
      at += octet + 1;
    }
    this.offset = bytes[at] === 0 ? at + 1 : at + 2;
    const length = at - start + tail;
    if (length > MAX_NAME_OCTETS) throw new WireError(`the name at ${start} is too long`);
    for (let label = start; label < at && label <= MAX_POINTER; label += bytes[label]! + 1) {
      lengths[label] = at - label + tail;
      scans[label] = scan;
    }
    return length;
  }
}
