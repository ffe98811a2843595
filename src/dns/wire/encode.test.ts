import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryMessage } from '../../../test/support/arbitrary-message.ts';
import type { Edns, Message } from '../message.ts';
import { parseRecord, printRecord } from '../presentation.ts';
import type { ResourceRecord } from '../rr.ts';
import { decodeMessage } from './decode.ts';
import { encodeHeaderReply, encodeMessage, encodeMessages } from './encode.ts';

const question = { name: 'www.example.org.', type: 1, class: 1 };
const empty: Message = { ...decodeMessage(Buffer.alloc(12)), id: 0x1234, qr: true, questions: [question] };
const edns: Edns = { udpSize: 1232, version: 0, do: false, options: [] };

const repeat = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => parseRecord(line(i)));
const addresses = (count: number, owner = 'www.example.org.') => repeat(count, (i) => `${owner} 5 A 10.0.0.${i}`);
const text = (owner: string, octets: number) => parseRecord(`${owner} 5 TXT ${'x'.repeat(octets)}`);

/** What is left of a message in `limit` octets: how many records of each section, and TC. */
function cut(message: Partial<Message>, limit: number): string {
  const octets = encodeMessage({ ...empty, aa: true, ...message }, limit);
  expect(octets.length).toBeLessThanOrEqual(limit);
  const { answer, authority, additional, tc, edns: opt } = decodeMessage(octets);
  const counts = [answer, authority, additional].map((records) => records.length).join('/');
  return `${counts}${opt ? ' OPT' : ''}${tc ? ' TC' : ''}`;
}

test.each([
  ['a query', { qr: false, rd: true }, '123401000001000000000000'],
  ['flags', { aa: true, ra: true, ad: true, cd: true, rcode: 3 }, '123484b30001000000000000'],
  ['a notify', { opcode: 4, tc: true }, '1234a2000001000000000000'],
])('the header of %s', (_, parts, hex) => {
  expect(encodeMessage({ ...empty, ...parts }).toString('hex', 0, 12)).toBe(hex);
});

test('names are compressed, those in later types are not, and letter case is kept', () => {
  const lines = [
    'www.example.org. 1 CNAME Web.example.org.',
    'Web.example.org. 1 CNAME web.example.org.',
    'www.example.org. 1 SRV 1 2 3 web.example.org.',
  ];
  const octets = encodeMessage({ ...empty, answer: lines.map((line) => parseRecord(line)) });
  const name = (text: string) => `${Buffer.from([text.length]).toString('hex')}${Buffer.from(text).toString('hex')}`;
  const org = `${name('example')}${name('org')}00`;
  expect(octets.toString('hex', 12)).toBe(
    [
      `${name('www')}${org}00010001`,
      `c00c000500010000000100${'06'}${name('Web')}c010`,
      `c02d000500010000000100${'06'}${name('web')}c010`,
      `c00c002100010000000100${'17'}000100020003${name('web')}${org}`,
    ].join(''),
  );
});

test('a name that is written in full serves the names behind it', () => {
  const octets = encodeMessage({
    ...empty,
    answer: [parseRecord('www.example.org. 1 SRV 1 2 3 web.example.net.')],
    additional: [parseRecord('web.example.net. 1 A 192.0.2.1')],
  });
  const targetAt = 12 + 21 + 2 + 10 + 6;
  expect(octets.toString('hex', targetAt + 17)).toBe(`c0${targetAt.toString(16)}00010001000000010004c0000201`);
});

test.each([
  ['the same', 'www.example.org.', 2],
  ['above it', 'org.', 2],
  ['below it', 'a.www.example.org.', 4],
  ['beside it', 'mail.example.org.', 7],
  ['one that ends alike, but not by labels', 'ww.example.org.', 5],
  ['one that ends in other letters', 'www.example.ORG.', 17],
  ['one whose last labels look like it', 'a\\.www.example.org.', 8],
  ['another one', 'org.example.', 13],
  ['the root', '.', 1],
])('a name behind www.example.org. takes as few octets as can be: %s', (_, name, octets) => {
  const message = encodeMessage({ ...empty, answer: [parseRecord(`${name} 1 A 192.0.2.1`)] });
  expect(message.length).toBe(12 + 21 + octets + 14);
  expect(decodeMessage(message).answer[0]?.name).toBe(name);
});

test('rcodes above 15 travel in the OPT record', () => {
  const octets = encodeMessage({ ...empty, questions: [], rcode: 16, edns: { ...edns, do: true } });
  expect(octets.toString('hex')).toBe('123480000000000000000001' + '00' + '0029' + '04d0' + '01008000' + '0000');
});

test.each([
  ['everything', { answer: addresses(3), authority: addresses(1), additional: addresses(2), edns }, 512, '3/1/2 OPT'],
  ['an answer that fits exactly', { answer: addresses(10) }, 12 + 21 + 160, '10/0/0'],
  ['one octet less', { answer: addresses(10) }, 12 + 21 + 159, '9/0/0 TC'],
  ['OPT takes its room first', { answer: addresses(10), edns }, 12 + 21 + 160, '9/0/0 OPT TC'],
  ['the records of a cut answer RRset stay', { answer: addresses(100), edns }, 512, '29/0/0 OPT TC'],
  [
    'a cut answer leaves nothing behind it',
    { answer: addresses(100), authority: addresses(1), additional: addresses(1) },
    512,
    '29/0/0 TC',
  ],
  [
    'a record that never fits',
    { answer: [text('www.example.org.', 255), text('www.example.org.', 255)] },
    280,
    '0/0/0 TC',
  ],
  [
    'additional RRsets go without TC',
    { answer: addresses(20), additional: addresses(30, 'ns.example.org.') },
    512,
    '20/0/0',
  ],
  [
    'whole ones',
    { answer: addresses(20), additional: [...addresses(30, 'ns.example.org.'), ...addresses(3, 'b.example.org.')] },
    512,
    '20/0/3',
  ],
  [
    'an interleaved RRset too',
    { additional: [text('a.', 1), text('b.', 200), text('a.', 250), text('c.', 9)] },
    300,
    '0/0/2',
  ],
  [
    'authority goes by RRsets, with TC',
    { answer: addresses(20), authority: [text('a.', 9), ...addresses(20)] },
    400,
    '20/1/0 TC',
  ],
  [
    'nothing behind a cut authority',
    { authority: [...addresses(40), text('a.', 9)], additional: addresses(1) },
    512,
    '0/0/0 TC',
  ],
] as const)('what does not fit is left out: %s', (_, message, limit, expected) => {
  expect(cut(message as Partial<Message>, limit)).toBe(expected);
});

const delegation = [parseRecord('child.example.org. 5 NS ns.child.example.org.')];
const glue = addresses(20, 'ns.Child.example.org.');
const other = addresses(20, 'ns.other.example.org.');

test.each([
  ['a referral without its glue', { aa: false, authority: delegation, additional: glue }, '0/1/0 TC'],
  [
    'a referral without other addresses',
    { aa: false, authority: delegation, additional: [...glue.slice(0, 4), ...other] },
    '0/1/4',
  ],
  ['an answer without addresses', { aa: true, authority: delegation, additional: glue }, '0/1/0'],
])('%s', (_, message, expected) => {
  expect(cut(message, 200)).toBe(expected);
});

test('any message keeps to any limit that its question and OPT record fit in, with its sections in order', () => {
  const print = (records: readonly ResourceRecord[]) => records.map(printRecord);
  fc.assert(
    fc.property(arbitraryMessage(12), fc.integer({ min: 512, max: 1500 }), (message, limit) => {
      const octets = encodeMessage({ ...message, tc: false }, limit);
      expect(octets.length).toBeLessThanOrEqual(limit);
      const read = decodeMessage(octets);
      expect(read.questions).toEqual(message.questions);
      expect(read.edns).toEqual(message.edns);
      expect(print(read.answer)).toEqual(print(message.answer.slice(0, read.answer.length)));
      for (const record of print(read.authority)) expect(print(message.authority)).toContain(record);
      for (const record of print(read.additional)) expect(print(message.additional)).toContain(record);
      const lost = read.answer.length < message.answer.length || read.authority.length < message.authority.length;
      if (lost) expect(read).toMatchObject({ tc: true, additional: [] });
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a message that was cut leaves no trace in the next one', () => {
  const first = encodeMessage({ ...empty, answer: addresses(3) });
  encodeMessage({ ...empty, answer: addresses(100), additional: addresses(100, 'a.') }, 512);
  expect(encodeMessage({ ...empty, answer: addresses(3) }).equals(first)).toBe(true);
});

test.each([
  ['a query with RD', '123401000001', 1, '123481010000000000000000'],
  ['an update: nothing but its opcode', '123429000001', 4, '1234a8040000000000000000'],
])('the header-only reply to %s', (_, request, rcode, reply) => {
  const octets = Buffer.concat([Buffer.from(request, 'hex'), Buffer.alloc(6)]);
  expect(encodeHeaderReply(octets, rcode).toString('hex')).toBe(reply);
});

test.each([
  ['a text that is not an address', { type: 1, data: { address: 'nonsense' } }],
  ['an address of the other family', { type: 28, data: { address: '10.0.0.1' } }],
  ['a character-string that is too long', { type: 16, data: { texts: ['x'.repeat(256)] } }],
])('%s cannot be written', (_, parts) => {
  const record = { name: 'a.', class: 1, ttl: 0, ...parts };
  expect(() => encodeMessage({ ...empty, answer: [record] })).toThrow(expect.objectContaining({ code: 'WIRE' }));
});

describe('a message that goes on in others', () => {
  const soa = parseRecord('example.org. 5 SOA ns.example.org. host.example.org. 1 2 3 4 5');
  const streamed = (records: readonly ResourceRecord[], limit: number, parts: Partial<Message> = {}) =>
    [...encodeMessages({ ...empty, aa: true, answer: [soa], ...parts }, records, limit)].map((octets) => {
      return { octets, message: decodeMessage(octets) };
    });

  test.each([
    [0, 512],
    [1, 512],
    [500, 512],
    [500, 2048],
    [5000, 20_480],
  ])('has all of %i records in messages of %i octets', (count, limit) => {
    const records = repeat(count, (i) => `host-${i}.example.org. 5 A 10.0.0.${i % 256}`);
    const messages = streamed([...records, soa], limit, { edns });
    expect(messages.flatMap(({ message }) => message.answer)).toEqual([soa, ...records, soa]);
    for (const { octets, message } of messages) {
      expect(octets.length).toBeLessThanOrEqual(limit);
      expect(message).toMatchObject({ id: 0x1234, qr: true, aa: true, tc: false, edns, authority: [], additional: [] });
    }
    expect(messages.map(({ message }) => message.questions.length)).toEqual(messages.map((_, i) => (i === 0 ? 1 : 0)));
    // Full but for the record that did not fit.
    for (const { octets } of messages.slice(0, -1)) expect(octets.length).toBeGreaterThan(limit - 70);
  });

  test('names are compressed in each', () => {
    const [first] = streamed(addresses(100), 20_480);
    expect(first!.octets.length).toBeLessThan(100 * 16 + 100);
  });

  test('a larger record gets a separate message', () => {
    const large = parseRecord(`large.example.org. 5 TXT ${Array(10).fill('x'.repeat(200)).join(' ')}`);
    const messages = streamed([large, soa], 512);
    expect(messages.map(({ message }) => message.answer)).toEqual([[soa], [large], [soa]]);
  });

  test('records are taken as messages are, and let go at the end', () => {
    const seen: string[] = [];
    function* records() {
      try {
        for (let i = 0; ; i++) {
          seen.push(`${i}`);
          yield text('a.example.org.', 200);
        }
      } finally {
        seen.push('end');
      }
    }
    const messages = encodeMessages({ ...empty, answer: [soa] }, records(), 512);
    messages.next();
    expect(seen).toEqual(['0', '1', '2']);
    messages.return();
    expect(seen).toEqual(['0', '1', '2', 'end']);
  });
});

test('a name of 255 octets is encoded, and a longer one is an error', () => {
  const label = 'x'.repeat(63);
  const answer = (last: string) =>
    [parseRecord(`${label}.${label}.${label}.${'\\120'.repeat(9)}. 5 NS ns`)].map((record) => ({
      ...record,
      name: `${last}.${record.name}`,
    }));
  const longest = 'y'.repeat(255 - 3 * 64 - 10 - 1 - 1);
  expect(decodeMessage(encodeMessage({ ...empty, answer: answer(longest) })).answer).toHaveLength(1);
  expect(() => encodeMessage({ ...empty, answer: answer(`${longest}y`) })).toThrow(/longer than 255 octets/);
});
