import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testMessage } from '../../../test/support/query.ts';
import { EdnsOption } from '../../dns/message.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { scanQuery } from './key.ts';

type Options = Parameters<typeof testMessage>[1];

const keyOf = (question: string, options?: Options) => scanQuery(encodeMessage(testMessage(question, options)))?.key;
const COOKIE = { code: EdnsOption.COOKIE, data: new Uint8Array(8) };

test.each<[string, [string, Options?], [string, Options?]]>([
  ['the id', ['a.b. A', { id: 1 }], ['a.b. A', { id: 2 }]],
  ['letter case', ['a.b. A'], ['A.B. A']],
  ['the UDP size', ['a.b. A', { edns: { udpSize: 512 } }], ['a.b. A', { edns: { udpSize: 4096 } }]],
  ['a cookie', ['a.b. A', { edns: {} }], ['a.b. A', { edns: { options: [COOKIE] } }]],
])('%s does not tell queries apart', (_, one, other) => {
  expect(keyOf(...one)).toBeDefined();
  expect(keyOf(...one)).toBe(keyOf(...other));
});

test.each<[string, [string, Options?], [string, Options?]]>([
  ['the name', ['a.b. A'], ['a.c. A']],
  ['where labels end', ['a.b. A'], ['a\\.b. A']],
  ['the type', ['a.b. A'], ['a.b. AAAA']],
  ['the class', ['a.b. A'], ['a.b. A CH']],
  ['RD', ['a.b. A'], ['a.b. A', { rd: false }]],
  ['CD', ['a.b. A'], ['a.b. A', { cd: true }]],
  ['AD', ['a.b. A'], ['a.b. A', { ad: true }]],
  ['EDNS', ['a.b. A'], ['a.b. A', { edns: {} }]],
  ['DO', ['a.b. A', { edns: {} }], ['a.b. A', { edns: { do: true } }]],
])('%s tells queries apart', (_, one, other) => {
  expect(keyOf(...one)).not.toBe(keyOf(...other));
});

test.each([
  ['another EDNS version', encodeMessage(testMessage('a. A', { edns: { version: 1 } }))],
  [
    'an option that may matter',
    encodeMessage(testMessage('a. A', { edns: { options: [{ code: 8, data: new Uint8Array(4) }] } })),
  ],
  ['two options', encodeMessage(testMessage('a. A', { edns: { options: [COOKIE, COOKIE] } }))],
  ['a reply', encodeMessage({ ...testMessage('a. A'), qr: true })],
  ['NOTIFY', encodeMessage({ ...testMessage('a. A'), opcode: 4 })],
  ['octets behind the message', Buffer.concat([encodeMessage(testMessage('a. A')), Buffer.of(0)])],
  ['no octets', Buffer.alloc(0)],
  ['a header alone', encodeMessage({ ...testMessage('a. A'), questions: [] })],
  ['a name that points', Buffer.from('000101000001000000000000c00c00010001', 'hex')],
  ['a name that never ends', Buffer.from('0001010000010000000000003f6161616161616161', 'hex')],
  ['a question cut off', encodeMessage(testMessage('abc.def. A')).subarray(0, -1)],
  ['two questions', Buffer.from('000101000002000000000000016100000100010161000001 0001'.replace(' ', ''), 'hex')],
])('%s is left to the plugins', (_, bytes) => {
  expect(scanQuery(bytes)).toBeUndefined();
});

test('of a query that is cut off anywhere, nothing is taken', () => {
  const whole = encodeMessage(testMessage('abc.def. A', { edns: { options: [COOKIE] } }));
  for (let length = 0; length < whole.length; length++) expect(scanQuery(whole.subarray(0, length))).toBeUndefined();
});

test('any octets are read to an end', () => {
  const header = Buffer.from('000101000001000000000000', 'hex');
  const body = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(body, (octets) => {
      scanQuery(octets);
      scanQuery(Buffer.concat([header, octets]));
    }),
    { numRuns: 2000 },
  );
});

test('what was found besides the key', () => {
  const bytes = encodeMessage(testMessage('Abc.d. AAAA', { edns: { udpSize: 1400, do: true } }));
  expect(scanQuery(bytes)).toMatchObject({ nameEnd: 12 + 7, hasCapitals: true, type: 28, do: true, udpSize: 1400 });
  expect(scanQuery(encodeMessage(testMessage('abc.d. A')))).toMatchObject({
    hasCapitals: false,
    do: false,
    udpSize: 0,
  });
});
