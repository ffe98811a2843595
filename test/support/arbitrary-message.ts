import fc from 'fast-check';
import { moment, typeBitmaps, typeCode } from '../../src/dns/dnssec-fields.ts';
import * as fields from '../../src/dns/field.ts';
import { location } from '../../src/dns/location.ts';
import type { Edns, Message } from '../../src/dns/message.ts';
import { OCTET_TEXT } from '../../src/dns/name.ts';
import * as records from '../../src/dns/rr.ts';
import { svcParams } from '../../src/dns/svc-params.ts';

const label = fc.oneof(
  fc.constantFrom('www', 'example', 'svc', 'cluster', 'local', 'A', 'a'),
  fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((octets) => [...octets].map((octet) => OCTET_TEXT[octet]).join('')),
);

/** Names of all octets, many of which share labels, so that there is something to compress. */
export const arbitraryName: fc.Arbitrary<string> = fc
  .array(label, { maxLength: 6 })
  .map((labels) => labels.map((text) => `${text}.`).join('') || '.');

const octets = (count: number) => fc.uint8Array({ minLength: count, maxLength: count });
const text = fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const rest = fc.uint8Array({ minLength: 1, maxLength: 60 });

/** A value for every kind of field that rdata is made of. */
const fieldValue = new Map<unknown, fc.Arbitrary<unknown>>([
  [fields.u8, fc.nat(255)],
  [fields.u16, fc.nat(65535)],
  [fields.u32, fc.nat(0xffffffff)],
  [fields.seconds, fc.nat(0xffffffff)],
  [fields.name, arbitraryName],
  [fields.uncompressedName, arbitraryName],
  [fields.ipv4, octets(4).map((ip) => ip.join('.'))],
  [fields.ipv6, fc.constantFrom('::', '::1', '2001:db8::1', 'fd00:1:2:3:4:5:6:7', '::ffff:10.0.0.1')],
  [fields.text, text],
  [fields.tag, text],
  [fields.value, text],
  [fields.texts, fc.array(text, { minLength: 1, maxLength: 3 })],
  [fields.hex, rest],
  [fields.base64, rest],
  [typeCode, fc.nat(65535)],
  [moment, fc.nat(0xffffffff)],
  [typeBitmaps, fc.oneof(rest, fc.constant(Uint8Array.of(0, 1, 0x60, 1, 1, 0x40)))],
  [
    location,
    fc.oneof(
      rest,
      fc.constant(Uint8Array.from([0, 0x12, 0x16, 0x13, ...Buffer.from('8B0D2C8C7FF8FCA500989680', 'hex')])),
    ),
  ],
  [svcParams, fc.oneof(rest, fc.constant(Uint8Array.of(0, 1, 0, 3, 2, 0x68, 0x32, 0, 3, 0, 2, 1, 0xbb)))],
]);

/** All types of which the fields are known, and two that are carried as they came. */
export const recordTypes: readonly records.RRType[] = [
  ...Object.values(records).filter(
    (value): value is records.RRType => typeof value === 'object' && 'mnemonic' in value,
  ),
  records.rrType(30),
  records.rrType(65280),
];

/** A record of one type. */
export function arbitraryRecord(type: records.RRType): fc.Arbitrary<records.ResourceRecord> {
  const data = Object.fromEntries(type.fields.map(([key, field]) => [key, fieldValue.get(field)!]));
  return fc.record({
    name: arbitraryName,
    type: fc.constant(type.code),
    class: fc.constantFrom(1, 3, 254, 255),
    ttl: fc.nat(0x7fffffff),
    data: fc.record(data),
  });
}

const section = (maxLength: number) => fc.array(fc.oneof(...recordTypes.map(arbitraryRecord)), { maxLength });

const edns: fc.Arbitrary<Edns> = fc.record({
  udpSize: fc.nat(65535),
  version: fc.nat(255),
  do: fc.boolean(),
  options: fc.array(fc.record({ code: fc.nat(65535), data: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 3 }),
});

const flags = fc.record({
  qr: fc.boolean(),
  opcode: fc.nat(15),
  aa: fc.boolean(),
  tc: fc.boolean(),
  rd: fc.boolean(),
  ra: fc.boolean(),
  ad: fc.boolean(),
  cd: fc.boolean(),
});

/** Well-formed messages of all types of records, each section of at most `maxRecords`. */
export function arbitraryMessage(maxRecords = 6): fc.Arbitrary<Message> {
  const body = fc.record({
    id: fc.nat(65535),
    questions: fc.array(fc.record({ name: arbitraryName, type: fc.nat(65535), class: fc.nat(65535) }), {
      maxLength: 1,
    }),
    answer: section(maxRecords),
    authority: section(maxRecords),
    additional: section(maxRecords),
  });
  const plain = fc.record({ rcode: fc.nat(15) });
  const extended = fc.record({ rcode: fc.nat(4095), edns });
  return fc
    .tuple(flags, body, fc.oneof(plain, extended))
    .map(([bits, sections, rest]) => ({ ...bits, ...sections, ...rest }));
}
