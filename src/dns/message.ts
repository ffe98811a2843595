/*
 * DNS as data: names, addresses, record types, messages and zone-file text; `wire/` turns messages into bytes and back. Begin here, then
 * read rr.ts, where one line describes a record type. It never opens a socket or a file.
 */

import type { Name } from './name.ts';

/** RFC 1035 §4.1.1, RFC 1996, RFC 2136. */
export const Opcode = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const;

/** RFC 1035 §4.1.1, RFC 2136 §2.2, RFC 6891 §9. */
export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

export const Class = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

/** The EDNS options that Cairn knows by name. */
export const EdnsOption = {
  NSID: 3,
  SUBNET: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  EDE: 15,
} as const;

export interface Question {
  /** In the client's letter case. */
  readonly name: Name;
  readonly type: number;
  readonly class: number;
}

/** The OPT pseudo-record (RFC 6891), which is never among the additional records here. */
export interface Edns {
  /** The largest UDP payload that the sender accepts, in octets. */
  readonly udpSize: number;
  readonly version: number;
  readonly do: boolean;
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[];
}

export interface MessageFlags {
  readonly qr: boolean;
  readonly opcode: number;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
}

/** A resource record (RFC 1035 §3.2.1); what `data` holds follows from `type`: `isOfType` of rr.ts tells the compiler. */
export interface ResourceRecord<D extends object = object> {
  readonly name: Name;
  readonly type: number;
  readonly class: number;
  /** Seconds. */
  readonly ttl: number;
  readonly data: Readonly<D>;
}

/** The records of a message, but for the OPT record. */
export interface Sections {
  readonly answer: readonly ResourceRecord[];
  readonly authority: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
}

/** A message without its records. */
export interface MessageHead extends MessageFlags {
  readonly id: number;
  /** All 12 bits; the upper 8 are in the OPT record (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly edns?: Edns | undefined;
}

/** The size that Cairn accepts over UDP without fragments (DNS flag day 2020), and announces in its OPT records. */
export const OWN_UDP_SIZE = 1232;

const MIN_UDP_SIZE = 512;
/** The maximum payload of a UDP datagram over IPv6. */
const MAX_UDP_SIZE = 65_487;

/** The maximum size of a response over UDP: 512 without EDNS (RFC 1035 §2.3.4). Smaller values in EDNS count as 512 (RFC 6891 §6.2.3). */
export function udpLimit(udpSize: number, most = MAX_UDP_SIZE): number {
  return Math.min(Math.max(udpSize, MIN_UDP_SIZE), most);
}

export interface Message extends MessageHead, Sections {}

/** A plain query for one question; its id is 0. */
export function queryMessage(question: Question, { rd = true } = {}): Message {
  return {
    ...{ id: 0, qr: false, opcode: Opcode.QUERY, aa: false, tc: false, rd, ra: false, ad: false, cd: false },
    ...{ rcode: Rcode.NOERROR, questions: [question], answer: [], authority: [], additional: [] },
  };
}

const RCODE_NAMES = new Map<number, string>(Object.entries(Rcode).map(([name, code]) => [code, name]));
const CLASS_NAMES = new Map<number, string>(Object.entries(Class).map(([name, code]) => [code, name]));

export function printRcode(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`;
}

/** The code of an rcode's name (any letter case) or number; undefined if it is neither. */
export function parseRcode(text: string): number | undefined {
  if (/^\d{1,4}$/.test(text) && Number(text) < 4096) return Number(text);
  return (Rcode as Record<string, number>)[text.toUpperCase()];
}

export function printClass(code: number): string {
  return CLASS_NAMES.get(code) ?? `CLASS${code}`;
}

/** The code of a class's name (any letter case) or `CLASSn`; undefined if it is neither. */
export function parseClass(text: string): number | undefined {
  const generic = /^CLASS(\d{1,5})$/i.exec(text);
  if (generic) return Number(generic[1]) < 65536 ? Number(generic[1]) : undefined;
  return (Class as Record<string, number>)[text.toUpperCase()];
}
