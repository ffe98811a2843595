import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryMessage } from '../../../test/support/arbitrary-message.ts';
import {
  addresses,
  chainedNames,
  longTails,
  nameOctets,
  pointerTo,
  recordOctets,
  responseOctets,
  texts,
  wholeNames,
} from '../../../test/support/large-messages.ts';
import type { Message, MessageHead } from '../message.ts';
import { A, NS, rr, TXT } from '../rr.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage, encodeRecords } from './encode.ts';
import { WireError } from './error.ts';
import { copyOf, Packed } from './packed.ts';
import { MIN_PACKED_OCTETS, readResponse } from './response.ts';

const QNAME = 'www.example.org.';
const question = { name: QNAME, type: 1, class: 1 };
const edns = { udpSize: 1232, version: 0, do: true, options: [{ code: 15, data: Uint8Array.of(0, 3) }] };
/** So that messages are not decoded at once. */
const filling = Array.from({ length: 12 }, (_, i) => rr(TXT, `text-${i}.example.net.`, 5, { texts: ['x'.repeat(80)] }));

/** Spells letters of the name in upper case, as the bits of the seed say. */
function spelled(name: string, seed: number): string {
  return name.replace(/[a-z]/g, (letter, at: number) => ((seed >> (at % 31)) & 1 ? letter.toUpperCase() : letter));
}

/** What a client gets of a response, by way of its octets, and by way of its records. */
function bothWays(octets: Uint8Array, head: Partial<MessageHead>, limit?: number): [Message, Message, boolean] {
  const { records, ...own } = readResponse(octets);
  const said = { ...own, ...head };
  const { answer, authority, additional } = decodeMessage(octets);
  const long = decodeMessage(encodeMessage({ ...said, answer, authority, additional }, limit));
  return [decodeMessage(encodeRecords(said, records, limit)), long, records instanceof Packed];
}

/** Names that stand for the qname are spelled by the one way as the client does, by the other as the upstream did. */
const folded = (message: Message) => JSON.parse(JSON.stringify(message).toLowerCase());

test('octets that are given on mean what their records do, in the order of the sections', () => {
  let packed = 0;
  fc.assert(
    fc.property(arbitraryMessage(), fc.nat(), (message, seed) => {
      const questions = message.questions.length === 1 ? message.questions : [question];
      const octets = encodeMessage({ ...message, qr: true, questions, answer: [...message.answer, ...filling] });
      const name = spelled(questions[0]!.name, seed);
      const head = { id: 7, rd: true, ra: true, questions: [{ ...questions[0]!, name }], edns };
      const [short, long, isPacked] = bothWays(octets, head);
      expect(folded(short)).toEqual(folded(long));
      expect(short.questions[0]!.name).toBe(name);
      if (isPacked) packed++;
    }),
    { seed: 1, numRuns: 500 },
  );
  expect(packed).toBeGreaterThan(250);
});

test('damaged octets are malformed, or mean the same as when they are decoded', () => {
  fc.assert(
    fc.property(
      arbitraryMessage(),
      fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      (message, changes) => {
        const octets = encodeMessage({ ...message, qr: true, questions: [question], answer: filling });
        for (const [at, octet] of changes) octets[at % octets.length] = octet;
        let decoded: Message | undefined;
        try {
          decoded = decodeMessage(octets);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(WireError);
        }
        if (!decoded) expect(() => readResponse(octets)).toThrow(WireError);
        else expect({ ...readResponse(octets).records.answer }).toEqual({ ...decoded.answer });
      },
    ),
    { seed: 1, numRuns: 1000 },
  );
});

const LARGE = { chainedNames, longTails, wholeNames, addresses, texts };

test.each(Object.entries(LARGE))('%s: nothing is decoded, whatever the client takes', (_, make) => {
  const octets = make();
  const { records, ...head } = readResponse(octets);
  expect(records).toBeInstanceOf(Packed);
  const whole = decodeMessage(octets);
  const asked = { ...head, questions: [{ ...head.questions[0]!, name: 'BIG.Example.org.' }] };
  const sent = encodeRecords(asked, records);
  expect(folded(decodeMessage(sent))).toEqual(folded(whole));
  expect(sent.toString('latin1', 13, 16)).toBe('BIG');
  const cut = decodeMessage(encodeRecords({ ...asked, edns }, records, 1232));
  expect(cut.tc).toBe(true);
  expect(folded(cut).answer).toEqual(folded(whole).answer.slice(0, cut.answer.length));
  expect(cut.answer.length).toBeGreaterThan(3);
});

const ns = (i: number) => recordOctets(NS.code, nameOctets(`ns-${i}.example.com`));
const glue = (i: number) => recordOctets(A.code, Buffer.of(192, 0, 2, i), nameOctets(`ns-${i}.example.com`));
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

test.each([
  ['an answer', [numbers(300).map(ns), [], []], { aa: true }, [true, true, 0, 0]],
  [
    'an authority section is left out by RRsets',
    [[], numbers(300).map(ns), numbers(2).map(glue)],
    {},
    [true, false, 0, 0],
  ],
  ['a referral without its glue', [[], numbers(2).map(ns), numbers(200).map(glue)], { aa: false }, [true, false, 2, 0]],
  [
    'additional records are left out in silence',
    [numbers(2).map(glue), [], numbers(200).map(glue)],
    { aa: true },
    [false, true, 0, 0],
  ],
])('what does not fit: %s', (_, sections, head, expected) => {
  const { records, ...own } = readResponse(responseOctets(NS.code, sections));
  expect(records).toBeInstanceOf(Packed);
  const { tc, answer, authority, additional } = decodeMessage(encodeRecords({ ...own, ...head }, records, 1232));
  expect([tc, answer.length > 0, authority.length, additional.length]).toEqual(expected);
});

test('the OPT record of the upstream is not given on', () => {
  const message = { ...decodeMessage(texts(2000)), edns: { ...edns, udpSize: 4096 } };
  const { records, ...head } = readResponse(encodeMessage(message));
  expect(head.edns).toEqual(message.edns);
  expect(records).toBeInstanceOf(Packed);
  expect(records.additional).toEqual(message.additional);
  expect(decodeMessage(encodeRecords({ ...head, edns: undefined }, records)).edns).toBeUndefined();
});

test('octets are copied only out of a larger piece of memory, which they would keep alive', () => {
  const whole = copyOf(texts(20_000));
  const { octets: kept } = readResponse(whole).records as Packed;
  expect(kept.buffer === whole.buffer).toBe(true);
  const piece = Buffer.concat([whole, whole]).subarray(whole.length);
  const { octets } = readResponse(piece).records as Packed;
  expect(octets).toEqual(whole);
  expect(octets.buffer.byteLength).toBe(whole.length);
});

const long = numbers(MIN_PACKED_OCTETS / 16).map(() => recordOctets(A.code, Buffer.of(192, 0, 2, 1)));
test.each([
  ['an OPT record before others', [...long, Buffer.from('00002904d000000000000000', 'hex').subarray(0, 11), long[0]!]],
  ['a pointer into an address', [recordOctets(A.code, Buffer.of(1, 97, 0, 0)), recordOctets(NS.code, pointerTo(45))]],
  ['a TTL with its top bit set', [Buffer.from(recordOctets(A.code, Buffer.of(1, 2, 3, 4)).fill(0x80, 6, 7))]],
  ['a qname that is spelled out', [recordOctets(A.code, Buffer.of(1, 2, 3, 4), nameOctets('Big.example.ORG'))]],
])('%s is decoded, as its octets cannot be given on', (_, records) => {
  const octets = responseOctets(A.code, [[], [], [...records, ...long]]);
  const response = readResponse(octets);
  expect(response.records).not.toBeInstanceOf(Packed);
  expect({ ...response.records }).toMatchObject({ additional: decodeMessage(octets).additional });
});

test('addresses change places as octets, and mean what they meant', () => {
  const octets = responseOctets(A.code, [
    [
      recordOctets(5, nameOctets('real.example')),
      ...numbers(60).map((i) => recordOctets(i % 2 ? 28 : 1, Buffer.alloc(i % 2 ? 16 : 4, i))),
    ],
    numbers(2).map(ns),
    [],
  ]);
  const { records, ...head } = readResponse(octets);
  const reversed = (records as Packed).withAddressesReordered((indexes) => indexes.reverse())!;
  const [cname, ...others] = decodeMessage(octets).answer;
  expect(reversed.answer).toEqual([cname, ...others.reverse()]);
  expect(reversed.authority).toEqual(records.authority);
  const { count } = reversed.fitting(200);
  expect(decodeMessage(encodeRecords(head, reversed)).answer).toEqual(reversed.answer);
  expect(count).toBeGreaterThan(1);
});

test('addresses stay where they are if a name stands between them, or is their owner', () => {
  const address = recordOctets(A.code, Buffer.of(192, 0, 2, 1));
  for (const between of [ns(1), recordOctets(A.code, Buffer.of(192, 0, 2, 2), nameOctets('other.example'))]) {
    const { records } = readResponse(responseOctets(A.code, [[...Array(80).fill(address), between, address], [], []]));
    expect((records as Packed).withAddressesReordered((indexes) => indexes)).toBeUndefined();
  }
});
