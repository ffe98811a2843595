import { AF_INET6, isLinkLocalAt, portAt, printIPv4At, printIPv6At, SOCKADDR_IN6 } from './sockaddr.ts';

/** How many datagrams one system call takes or sends. */
export const BATCH = 64;

/*
 * The kernel's layout on 64-bit machines, in 32-bit words, little-endian. Each datagram has
 *
 *   mmsghdr   name pointer (2), name length (1), padding (1), iovec pointer (2), iovec count (2), control pointer (2),
 *             control length (2), flags (1), padding (1), octets received (1), padding (1)
 *   iovec     pointer (2), length (2)
 *   envelope  the peer's sockaddr (8), one control message that tells our own address (10)
 *   payload
 *
 * The pointers are written once. Pages of a payload that no datagram was long enough to reach are never resident.
 */
const HEADER_WORDS = 16;
const NAME_LENGTH = 2;
const CONTROL_LENGTH = 10;
const RECEIVED = 14;

const IOVEC_WORDS = 4;
const IOVEC_LENGTH = 2;

const ENVELOPE_WORDS = 18;
const CONTROL = 8;
const CONTROL_LEVEL = CONTROL + 2;
const CONTROL_DATA = CONTROL + 4;
/** A control message of the IPv6 level (IPV6_PKTINFO) has the address, then the interface; one of the IPv4 level has the interface first. */
const IPV6_INTERFACE = CONTROL_DATA + 4;
const IPV4_INTERFACE = CONTROL_DATA;
const IPV4_SOURCE = CONTROL_DATA + 1;
const IPPROTO_IPV6 = 41;
const CONTROL_OCTETS = (ENVELOPE_WORDS - CONTROL) * 4;

/** The maximum size of a UDP datagram (RFC 768). */
export const PAYLOAD_OCTETS = 65_535;
/** Not a power of two, so that the payloads do not compete for the same sets of the processor's caches. */
const PAYLOAD_STRIDE = 65_536 + 128;

const SIDE_WORDS = BATCH * (HEADER_WORDS + IOVEC_WORDS + ENVELOPE_WORDS + PAYLOAD_STRIDE / 4);

/**
 * A peer's address and ours, as the kernel writes them: where a response goes to, and where it comes from. The numbers are words. An Int32Array of
 * this size would be outside of V8's heap, and making it would take fifty times as long.
 */
export type Envelope = readonly number[];

/** Where one direction's parts begin, in words. */
interface Side {
  readonly headers: number;
  readonly iovecs: number;
  readonly envelopes: number;
  readonly payloads: number;
}

/**
 * The memory that the kernel reads datagrams from and writes them to: {@link BATCH} slots to receive into and as many
 * to send from, laid out once.
 */
export class MessageMemory {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly inbound: Side;
  private readonly outbound: Side;
  /** The address of the first `mmsghdr` to receive into. */
  readonly inboundAddress: number;
  private readonly outboundAddress: number;

  constructor(addressOf: (memory: ArrayBuffer) => number) {
    const memory = new ArrayBuffer(2 * SIDE_WORDS * 4);
    const address = addressOf(memory);
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
    this.inbound = this.layOut(0, address);
    this.outbound = this.layOut(SIDE_WORDS, address);
    this.inboundAddress = address + this.inbound.headers * 4;
    this.outboundAddress = address + this.outbound.headers * 4;
    this.vacate(BATCH);
  }

  /** The address of the `mmsghdr` of an outbound slot. */
  outboundAddressOf(slot: number): number {
    return this.outboundAddress + slot * HEADER_WORDS * 4;
  }

  /** Makes the first `count` inbound slots ready to receive again: the kernel has overwritten the lengths. */
  vacate(count: number): void {
    for (let header = this.inbound.headers; count > 0; count--, header += HEADER_WORDS) {
      this.words[header + NAME_LENGTH] = SOCKADDR_IN6;
      this.words[header + CONTROL_LENGTH] = CONTROL_OCTETS;
    }
  }

  /** The payload of an inbound slot, in place. */
  payload(slot: number): Uint8Array {
    const length = this.words[this.inbound.headers + slot * HEADER_WORDS + RECEIVED]!;
    return new Uint8Array(this.bytes.buffer, this.inbound.payloads * 4 + slot * PAYLOAD_STRIDE, length);
  }

  clientPort(slot: number): number {
    return portAt(this.bytes, this.envelopeOf(this.inbound, slot) * 4);
  }

  /** The address that a datagram came from, in canonical text. */
  clientAddress(slot: number, interfaceName: (index: number) => string): string {
    const at = this.envelopeOf(this.inbound, slot);
    const isIPv6 = (this.words[at]! & 0xffff) === AF_INET6;
    if (!isIPv6) return printIPv4At(this.bytes, (at + 1) * 4);
    return printIPv6At(this.bytes, (at + 2) * 4, this.words[at + 6]!, interfaceName);
  }

  /** Whether the kernel told where a datagram was sent to. */
  hasLocal(slot: number): boolean {
    return this.words[this.inbound.headers + slot * HEADER_WORDS + CONTROL_LENGTH] !== 0;
  }

  /** The address that a datagram was sent to, in canonical text. */
  localAddress(slot: number, interfaceName: (index: number) => string): string {
    const at = this.envelopeOf(this.inbound, slot);
    if (this.words[at + CONTROL_LEVEL] !== IPPROTO_IPV6) return printIPv4At(this.bytes, (at + IPV4_SOURCE) * 4);
    return printIPv6At(this.bytes, (at + CONTROL_DATA) * 4, this.words[at + IPV6_INTERFACE]!, interfaceName);
  }

  /** Whether a datagram was sent to the same address as the one of the envelope, which comes from {@link keep}. */
  isSameLocal(envelope: Envelope, slot: number): boolean {
    const at = this.envelopeOf(this.inbound, slot);
    for (let word = CONTROL_LEVEL; word < ENVELOPE_WORDS - 1; word++) {
      if (envelope[2 + word] !== this.words[at + word]) return false;
    }
    return true;
  }

  /** A copy of an inbound slot's envelope, with its two lengths in front, for a response that comes later. */
  keep(slot: number): Envelope {
    return this.copyEnvelope(this.inbound, slot);
  }

  /** A copy of the envelope and payload of an outbound slot. */
  takeBack(slot: number): { envelope: Envelope; bytes: Uint8Array } {
    const length = this.words[this.outbound.iovecs + slot * IOVEC_WORDS + IOVEC_LENGTH]!;
    const payload = this.outbound.payloads * 4 + slot * PAYLOAD_STRIDE;
    return { envelope: this.copyEnvelope(this.outbound, slot), bytes: this.bytes.slice(payload, payload + length) };
  }

  /** Puts the response to an inbound slot into an outbound slot; false if it is too large for a datagram. */
  response(from: number, to: number, bytes: Uint8Array): boolean {
    if (bytes.length > PAYLOAD_OCTETS) return false;
    this.setPayload(to, bytes);
    const source = this.envelopeOf(this.inbound, from);
    this.words.copyWithin(this.envelopeOf(this.outbound, to), source, source + ENVELOPE_WORDS);
    const header = this.inbound.headers + from * HEADER_WORDS;
    this.setLengths(to, this.words[header + NAME_LENGTH]!, this.words[header + CONTROL_LENGTH]!);
    return true;
  }

  /** Puts a later response, of at most {@link PAYLOAD_OCTETS}, into an outbound slot. */
  lateResponse(envelope: Envelope, to: number, bytes: Uint8Array): void {
    this.setPayload(to, bytes);
    const at = this.envelopeOf(this.outbound, to);
    for (let word = 0; word < ENVELOPE_WORDS; word++) this.words[at + word] = envelope[2 + word]!;
    this.setLengths(to, envelope[0]!, envelope[1]!);
  }

  /** Puts a query of at most {@link PAYLOAD_OCTETS} into an outbound slot, with another id, for a socket that is connected. */
  query(slot: number, bytes: Uint8Array, id: number): void {
    this.setPayload(slot, bytes);
    const at = this.outbound.payloads * 4 + slot * PAYLOAD_STRIDE;
    this.bytes[at] = id >> 8;
    this.bytes[at + 1] = id;
    this.setLengths(slot, 0, 0);
  }

  private setPayload(slot: number, bytes: Uint8Array): void {
    this.bytes.set(bytes, this.outbound.payloads * 4 + slot * PAYLOAD_STRIDE);
    this.words[this.outbound.iovecs + slot * IOVEC_WORDS + IOVEC_LENGTH] = bytes.length;
  }

  /** Finishes an outbound slot. The routes decide on the interface, except for a link-local address. */
  private setLengths(slot: number, nameLength: number, controlLength: number): void {
    const header = this.outbound.headers + slot * HEADER_WORDS;
    this.words[header + NAME_LENGTH] = nameLength;
    this.words[header + CONTROL_LENGTH] = controlLength;
    if (controlLength === 0) return;
    const at = this.envelopeOf(this.outbound, slot);
    if (this.words[at + CONTROL_LEVEL] !== IPPROTO_IPV6) this.words[at + IPV4_INTERFACE] = 0;
    else if (!isLinkLocalAt(this.bytes, (at + CONTROL_DATA) * 4)) this.words[at + IPV6_INTERFACE] = 0;
  }

  private copyEnvelope(side: Side, slot: number): Envelope {
    const header = side.headers + slot * HEADER_WORDS;
    const at = this.envelopeOf(side, slot);
    const copy = new Array<number>(2 + ENVELOPE_WORDS);
    copy[0] = this.words[header + NAME_LENGTH]!;
    copy[1] = this.words[header + CONTROL_LENGTH]!;
    for (let word = 0; word < ENVELOPE_WORDS; word++) copy[2 + word] = this.words[at + word]!;
    return copy;
  }

  private envelopeOf(side: Side, slot: number): number {
    return side.envelopes + slot * ENVELOPE_WORDS;
  }

  private layOut(start: number, address: number): Side {
    const headers = start;
    const iovecs = headers + BATCH * HEADER_WORDS;
    const envelopes = iovecs + BATCH * IOVEC_WORDS;
    const payloads = envelopes + BATCH * ENVELOPE_WORDS;
    const point = (at: number, word: number) => this.writePointer(at, address + word * 4);
    for (let slot = 0; slot < BATCH; slot++) {
      const header = headers + slot * HEADER_WORDS;
      const iovec = iovecs + slot * IOVEC_WORDS;
      const envelope = envelopes + slot * ENVELOPE_WORDS;
      point(header, envelope);
      point(header + 4, iovec);
      this.words[header + 6] = 1;
      point(header + 8, envelope + CONTROL);
      point(iovec, payloads + (slot * PAYLOAD_STRIDE) / 4);
      this.words[iovec + IOVEC_LENGTH] = PAYLOAD_OCTETS;
    }
    return { headers, iovecs, envelopes, payloads };
  }

  private writePointer(at: number, address: number): void {
    this.words[at] = address % 2 ** 32;
    this.words[at + 1] = Math.floor(address / 2 ** 32);
  }
}
