/** Writes the fields of a protobuf message (https://protobuf.dev/programming-guides/encoding), one after the other. */
export class ProtobufWriter {
  private memory: Buffer;
  private at = 0;

  constructor(octets: number) {
    this.memory = Buffer.allocUnsafeSlow(octets);
  }

  /** What was written since the last call; valid until the next field is written. */
  take(): Buffer {
    const written = this.memory.subarray(0, this.at);
    this.at = 0;
    return written;
  }

  /** A field of an enum, or of an unsigned integer up to 2^53. */
  number(field: number, value: number): void {
    this.reserve(2 * MAX_VARINT_OCTETS);
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  fixed32(field: number, value: number): void {
    this.reserve(MAX_VARINT_OCTETS + 4);
    this.varint(field * 8 + FIXED32);
    this.at = this.memory.writeUInt32LE(value, this.at);
  }

  /** A field of octets, a text or a message. */
  octets(field: number, value: Uint8Array): void {
    this.reserve(2 * MAX_VARINT_OCTETS + value.length);
    this.varint(field * 8 + OCTETS);
    this.varint(value.length);
    this.memory.set(value, this.at);
    this.at += value.length;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.memory[this.at++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.memory[this.at++] = rest;
  }

  private reserve(octets: number): void {
    if (this.at + octets <= this.memory.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.at + octets));
    this.memory.copy(larger, 0, 0, this.at);
    this.memory = larger;
  }
}

const VARINT = 0;
const OCTETS = 2;
const FIXED32 = 5;
const MAX_VARINT_OCTETS = 8;
