import { moment, typeBitmaps, typeCode } from './dnssec-fields.ts';
import {
  base64,
  type Field,
  hex,
  ipv4,
  ipv6,
  name,
  seconds,
  tag,
  text,
  texts,
  u8,
  u16,
  u32,
  uncompressedName,
  value,
} from './field.ts';
import { location } from './location.ts';
import { Class, type ResourceRecord } from './message.ts';
import type { Name } from './name.ts';
import { svcParams } from './svc-params.ts';
import { nameType, printType } from './type-names.ts';

export type { ResourceRecord } from './message.ts';
export { parseType, printType, typeNames } from './type-names.ts';

/** A record type: its code, its name, and the fields of its rdata in wire order. */
export interface RRType<D extends object = object> {
  readonly code: number;
  readonly mnemonic: string;
  readonly fields: readonly (readonly [keyof D & string, Field<unknown>])[];
}

type DataOf<F extends Record<string, Field<unknown>>> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const byCode = new Map<number, RRType>();

function define<F extends Record<string, Field<unknown>>>(
  code: number,
  mnemonic: string,
  fields: F,
): RRType<DataOf<F>> {
  const type: RRType<DataOf<F>> = { code, mnemonic, fields: Object.entries(fields) as RRType<DataOf<F>>['fields'] };
  byCode.set(code, type as unknown as RRType);
  nameType(code, mnemonic);
  return type;
}

// One line describes a record type: decode, encode, print and parse all follow from it.
export const A = define(1, 'A', { address: ipv4 });
export const NS = define(2, 'NS', { target: name });
export const MD = define(3, 'MD', { target: name });
export const MF = define(4, 'MF', { target: name });
export const CNAME = define(5, 'CNAME', { target: name });
export const SOA = define(6, 'SOA', {
  mname: name,
  rname: name,
  serial: u32,
  refresh: seconds,
  retry: seconds,
  expire: seconds,
  minimum: seconds,
});
export const MB = define(7, 'MB', { target: name });
export const MG = define(8, 'MG', { target: name });
export const MR = define(9, 'MR', { target: name });
export const PTR = define(12, 'PTR', { target: name });
export const HINFO = define(13, 'HINFO', { cpu: text, os: text });
export const MINFO = define(14, 'MINFO', { mailbox: name, errorMailbox: name });
export const MX = define(15, 'MX', { preference: u16, exchange: name });
export const TXT = define(16, 'TXT', { texts });
export const RP = define(17, 'RP', { mailbox: uncompressedName, text: uncompressedName });
export const AFSDB = define(18, 'AFSDB', { subtype: u16, host: uncompressedName });
export const RT = define(21, 'RT', { preference: u16, host: uncompressedName });
export const PX = define(26, 'PX', { preference: u16, map822: uncompressedName, mapX400: uncompressedName });
export const X25 = define(19, 'X25', { address: text });
export const GPOS = define(27, 'GPOS', { longitude: text, latitude: text, altitude: text });
export const LOC = define(29, 'LOC', { location });
export const AAAA = define(28, 'AAAA', { address: ipv6 });
export const SRV = define(33, 'SRV', { priority: u16, weight: u16, port: u16, target: uncompressedName });
export const NAPTR = define(35, 'NAPTR', {
  order: u16,
  preference: u16,
  flags: text,
  service: text,
  regexp: text,
  replacement: uncompressedName,
});
export const KX = define(36, 'KX', { preference: u16, exchanger: uncompressedName });
export const CERT = define(37, 'CERT', { type: u16, keyTag: u16, algorithm: u8, certificate: base64 });
export const DNAME = define(39, 'DNAME', { target: uncompressedName });
export const DS = define(43, 'DS', { keyTag: u16, algorithm: u8, digestType: u8, digest: hex });
export const SSHFP = define(44, 'SSHFP', { algorithm: u8, type: u8, fingerprint: hex });
export const RRSIG = define(46, 'RRSIG', {
  covered: typeCode,
  algorithm: u8,
  labels: u8,
  originalTtl: seconds,
  expiration: moment,
  inception: moment,
  keyTag: u16,
  signer: uncompressedName,
  signature: base64,
});
export const NSEC = define(47, 'NSEC', { next: uncompressedName, types: typeBitmaps });
export const DHCID = define(49, 'DHCID', { identity: base64 });
export const DNSKEY = define(48, 'DNSKEY', { flags: u16, protocol: u8, algorithm: u8, key: base64 });
export const TLSA = define(52, 'TLSA', { usage: u8, selector: u8, matching: u8, certificate: hex });
export const SMIMEA = define(53, 'SMIMEA', { usage: u8, selector: u8, matching: u8, certificate: hex });
export const CDS = define(59, 'CDS', { keyTag: u16, algorithm: u8, digestType: u8, digest: hex });
export const CDNSKEY = define(60, 'CDNSKEY', { flags: u16, protocol: u8, algorithm: u8, key: base64 });
export const OPENPGPKEY = define(61, 'OPENPGPKEY', { key: base64 });
export const CSYNC = define(62, 'CSYNC', { serial: u32, flags: u16, types: typeBitmaps });
export const ZONEMD = define(63, 'ZONEMD', { serial: u32, scheme: u8, algorithm: u8, digest: hex });
export const SVCB = define(64, 'SVCB', { priority: u16, target: uncompressedName, params: svcParams });
export const HTTPS = define(65, 'HTTPS', { priority: u16, target: uncompressedName, params: svcParams });
export const SPF = define(99, 'SPF', { texts });
export const L32 = define(105, 'L32', { preference: u16, locator: ipv4 });
export const LP = define(107, 'LP', { preference: u16, target: uncompressedName });
export const URI = define(256, 'URI', { priority: u16, weight: u16, target: value });
export const CAA = define(257, 'CAA', { flags: u8, tag, value });

/** Types that have a name in Cairn, but whose rdata stays as octets (RFC 3597). */
const OPAQUE = {
  NULL: 10,
  ISDN: 20,
  SIG: 24,
  KEY: 25,
  NXT: 30,
  APL: 42,
  IPSECKEY: 45,
  NSEC3: 50,
  NSEC3PARAM: 51,
  HIP: 55,
  NID: 104,
  L64: 106,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  AVC: 258,
  AMTRELAY: 260,
  RESINFO: 261,
  DLV: 32769,
};

/** Question types and pseudo-records, which are never data of a zone. */
export const QType = { OPT: 41, TKEY: 249, TSIG: 250, IXFR: 251, AXFR: 252, ANY: 255 } as const;

for (const [mnemonic, code] of Object.entries({ ...OPAQUE, ...QType })) nameType(code, mnemonic);

/** Rdata of a type with unknown fields: its octets. */
export interface OpaqueData {
  readonly octets: Uint8Array;
}

/** The record type of a code; rdata of an unknown type stays as octets (RFC 3597 §3). */
export function rrType(code: number): RRType {
  return byCode.get(code) ?? ({ code, mnemonic: printType(code), fields: OPAQUE_FIELDS } as unknown as RRType);
}

const OPAQUE_FIELDS: RRType<OpaqueData>['fields'] = [['octets', hex as Field<unknown>]];

/** Whether rdata of this type stays as octets. */
export function isOpaque(type: RRType): boolean {
  return type.fields === (OPAQUE_FIELDS as unknown);
}

/** A record of class IN. */
export function rr<D extends object>(type: RRType<D>, owner: Name, ttl: number, data: D): ResourceRecord<D> {
  return { name: owner, type: type.code, class: Class.IN, ttl, data };
}

/**
 * Whether the record is of that type, also for the compiler. A record without rdata, which a sender may put into any message (RFC 2136 §2.4), lacks
 * the fields of the type, so the result is false.
 */
export function isOfType<D extends object>(record: ResourceRecord, type: RRType<D>): record is ResourceRecord<D> {
  return record.type === type.code && type.fields[0]![0] in record.data;
}

const OF_DENIALS = new Set<number>([SOA.code, NSEC.code, OPAQUE.NSEC3]);

/** Whether a record of an authority section belongs to a negative response: the SOA record or a proof (RFC 4035 §3.1.3). */
export function isOfDenial(record: ResourceRecord): boolean {
  return OF_DENIALS.has(isOfType(record, RRSIG) ? record.data.covered : record.type);
}
