import { expect, test } from 'vitest';
import { printRecord } from '../presentation.ts';
import { decodeMessage } from './decode.ts';
import { WireError } from './error.ts';

const QUERY = '1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 036f7267 00 0001 0001';

const message = (hex: string) => decodeMessage(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('a query', () => {
  expect(message(QUERY)).toEqual({
    ...{ id: 0x1234, qr: false, opcode: 0, aa: false, tc: false, rd: true, ra: false, ad: false, cd: false, rcode: 0 },
    ...{ questions: [{ name: 'www.example.org.', type: 1, class: 1 }], answer: [], authority: [], additional: [] },
  });
});

test('flags', () => {
  const flags = { qr: true, opcode: 5, aa: true, tc: true, ra: true, ad: true, cd: true, rcode: 9 };
  expect(message('0000 aeb9 0000 0000 0000 0000')).toMatchObject({ ...flags, rd: false });
});

test('EDNS, with an extended rcode', () => {
  expect(message('0000 8000 0000 0000 0000 0001 00 0029 04d0 01 02 8000 0006 000a 0002 abcd')).toMatchObject({
    rcode: 16,
    additional: [],
    edns: { udpSize: 1232, version: 2, do: true, options: [{ code: 10, data: Uint8Array.of(0xab, 0xcd) }] },
  });
});

test.each([
  ['a compressed owner and target', '016100 c00c 0005 0001 00000005 0002 c00c', 'a.\t5\tIN\tCNAME\ta.'],
  ['a name that ends in a pointer', '016100 0162c00c 0002 0001 00000005 0004 0163c013', 'b.a.\t5\tIN\tNS\tc.b.a.'],
  ['compressed names of an old type', '016100 c00c 000e 0001 00000005 0006 0162c00c c00c', 'a.\t5\tIN\tMINFO\tb.a. a.'],
  ['odd octets in a name', '032e0020 00 c00c 0001 0001 00000005 0004 0a000001', '\\.\\000\\032.\t5\tIN\tA\t10.0.0.1'],
  ['a TTL with its top bit set', '016100 c00c 0001 0001 80000000 0004 0a000001', 'a.\t0\tIN\tA\t10.0.0.1'],
  ['an unknown type', '016100 c00c ff00 0001 00000005 0002 abcd', 'a.\t5\tIN\tTYPE65280\t\\# 2 ABCD'],
  ['no rdata', '016100 c00c 0001 00fe 00000000 0000', 'a.\t0\tNONE\tA\t'],
])('%s', (_, body, record) => {
  const [name, ...rest] = body.split(' ');
  expect(message(`0000 8000 0001 0001 0000 0000 ${name} 0001 0001 ${rest.join('')}`).answer.map(printRecord)).toEqual([
    record,
  ]);
});

test('octets behind the message are ignored', () => {
  expect(message(`${QUERY}ffff`)).toEqual(message(QUERY));
});

const label63 = `3f${'61'.repeat(63)}`;

test.each([
  ['nothing', ''],
  ['half a header', '0000 0000 0001'],
  ['a question that is not there', '0000 0000 0001 0000 0000 0000'],
  ['a question without class', '0000 0000 0001 0000 0000 0000 016100 0001'],
  ['a name without end', '0000 0000 0001 0000 0000 0000 0161'],
  ['a label without end', '0000 0000 0001 0000 0000 0000 0561'],
  ['half a pointer', '0000 0000 0001 0000 0000 0000 c0'],
  ['a pointer to itself', '0000 0000 0001 0000 0000 0000 c00c 0001 0001'],
  ['a pointer forwards', '0000 0000 0001 0000 0000 0000 c010 0001 0001 0000'],
  ['a pointer into its own name', '0000 0000 0001 0000 0000 0000 0161c00c 0001 0001'],
  ['an unknown type of label', '0000 0000 0001 0000 0000 0000 4161 0001 0001'],
  ['a name of 256 octets', `0000 0000 0001 0000 0000 0000 ${label63.repeat(4)}00 0001 0001`],
  ['more records than fit', '0000 0000 0000 ffff 0000 0000'],
  ['rdata past the end', '0000 8000 0000 0001 0000 0000 00 0001 0001 00000000 0005 0a000001'],
  ['rdata too short', '0000 8000 0000 0001 0000 0000 00 0001 0001 00000000 0003 0a0000'],
  ['rdata too long', '0000 8000 0000 0001 0000 0000 00 0001 0001 00000000 0005 0a00000101'],
  ['a name past its rdata', '0000 8000 0000 0001 0000 0000 00 0005 0001 00000000 0002 0161 00'],
  ['a character-string past its rdata', '0000 8000 0000 0001 0000 0000 00 0010 0001 00000000 0002 0561 61616161'],
  ['two OPT records', '0000 0000 0000 0000 0000 0002 0000290000000000000000 0000290000000000000000'],
  ['an OPT record with an owner', '0000 0000 0000 0000 0000 0001 01610000290000000000000000'],
  ['an OPT record as an answer', '0000 0000 0000 0001 0000 0000 0000290000000000000000'],
  ['half an EDNS option', '0000 0000 0000 0000 0000 0001 000029000000000000 0003 000a00'],
  ['an EDNS option past its end', '0000 0000 0000 0000 0000 0001 000029000000000000 0004 000a0001'],
])('%s is malformed', (_, hex) => {
  expect(() => message(hex)).toThrow(WireError);
});

test('a name may have 255 octets', () => {
  const name = `${label63.repeat(3)}3d${'62'.repeat(61)}00`;
  expect(message(`0000 0000 0001 0000 0000 0000 ${name} 0001 0001`).questions[0]!.name).toHaveLength(254);
});
