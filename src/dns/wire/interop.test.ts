import { type Answer, decode, encode, type Packet } from 'dns-packet';
import { expect, test } from 'vitest';
import type { Message } from '../message.ts';
import { parseRecord, printRecord } from '../presentation.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';

// dns-packet is a second opinion on our octets: each side must read what the other one writes.

const base: Message = { ...decodeMessage(Buffer.alloc(12)), id: 4711, qr: true };
const hex = (text: string) => Buffer.from(text, 'hex');

const rows: [string, Answer][] = [
  ['www.example.org. 5 IN A 192.0.2.1', { type: 'A', name: 'www.example.org', data: '192.0.2.1' }],
  ['www.example.org. 5 IN AAAA 2001:db8::1', { type: 'AAAA', name: 'www.example.org', data: '2001:db8::1' }],
  ['www.example.org. 5 IN CNAME example.org.', { type: 'CNAME', name: 'www.example.org', data: 'example.org' }],
  ['www.example.org. 5 IN DNAME example.org.', { type: 'DNAME', name: 'www.example.org', data: 'example.org' }],
  ['example.org. 5 IN NS ns.example.org.', { type: 'NS', name: 'example.org', data: 'ns.example.org' }],
  ['1.2.0.192.in-addr.arpa. 5 IN PTR a.org.', { type: 'PTR', name: '1.2.0.192.in-addr.arpa', data: 'a.org' }],
  [
    'example.org. 5 IN SOA ns.example.org. mail.example.org. 1 2 3 4 5',
    {
      ...{ type: 'SOA', name: 'example.org' },
      data: {
        mname: 'ns.example.org',
        rname: 'mail.example.org',
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 5,
      },
    },
  ],
  [
    'example.org. 5 IN MX 10 mail.example.org.',
    { type: 'MX', name: 'example.org', data: { preference: 10, exchange: 'mail.example.org' } },
  ],
  [
    '_dns._udp.example.org. 5 IN SRV 1 2 53 ns.example.org.',
    {
      type: 'SRV',
      name: '_dns._udp.example.org',
      data: { priority: 1, weight: 2, port: 53, target: 'ns.example.org' },
    },
  ],
  [
    'example.org. 5 IN TXT "one" "two words"',
    { type: 'TXT', name: 'example.org', data: [Buffer.from('one'), Buffer.from('two words')] },
  ],
  ['example.org. 5 IN HINFO "x86" "Linux"', { type: 'HINFO', name: 'example.org', data: { cpu: 'x86', os: 'Linux' } }],
  [
    'example.org. 5 IN RP mail.example.org. txt.example.org.',
    { type: 'RP', name: 'example.org', data: { mbox: 'mail.example.org', txt: 'txt.example.org' } },
  ],
  [
    'example.org. 5 IN NAPTR 1 2 "u" "E2U+sip" "!a!b!" example.org.',
    {
      ...{ type: 'NAPTR', name: 'example.org' },
      data: { order: 1, preference: 2, flags: 'u', services: 'E2U+sip', regexp: '!a!b!', replacement: 'example.org' },
    },
  ],
  [
    'example.org. 5 IN DS 60485 5 1 2BB1',
    { type: 'DS', name: 'example.org', data: { keyTag: 60485, algorithm: 5, digestType: 1, digest: hex('2bb1') } },
  ],
  [
    'example.org. 5 IN DNSKEY 256 3 5 AQPS',
    { type: 'DNSKEY', name: 'example.org', data: { flags: 256, algorithm: 5, key: Buffer.from('AQPS', 'base64') } },
  ],
];

test.each(rows)('dns-packet and we agree on %s', (line, answer) => {
  const record = parseRecord(line);
  const [read] = decode(encodeMessage({ ...base, answer: [record] })).answers ?? [];
  expect(read).toMatchObject({ ...answer, ttl: 5 });

  const packet: Packet = { type: 'response', id: 4711, answers: [{ ...answer, ttl: 5 } as Answer] };
  expect(decodeMessage(encode(packet)).answer.map(printRecord)).toEqual([printRecord(record)]);
});

test('dns-packet reads compressed names and EDNS', () => {
  const answer = ['a.svc.cluster.local. 5 IN CNAME b.svc.cluster.local.', 'b.svc.cluster.local. 5 IN A 10.0.0.1'];
  const octets = encodeMessage({
    ...base,
    aa: true,
    questions: [{ name: 'a.svc.cluster.local.', type: 1, class: 1 }],
    answer: answer.map((line) => parseRecord(line)),
    edns: { udpSize: 1232, version: 0, do: true, options: [{ code: 10, data: hex('0102030405060708') }] },
  });
  expect(decode(octets)).toMatchObject({
    ...{ id: 4711, type: 'response', flag_aa: true, rcode: 'NOERROR' },
    questions: [{ name: 'a.svc.cluster.local', type: 'A', class: 'IN' }],
    answers: [
      { name: 'a.svc.cluster.local', type: 'CNAME', data: 'b.svc.cluster.local' },
      { name: 'b.svc.cluster.local', type: 'A', data: '10.0.0.1' },
    ],
    additionals: [{ type: 'OPT', udpPayloadSize: 1232, flag_do: true, options: [{ code: 10 }] }],
  });
});

test('we read the EDNS that dns-packet writes', () => {
  const octets = encode({
    ...{ type: 'query', id: 7 },
    questions: [{ type: 'SRV', name: '_a._b.example.org' }],
    additionals: [
      {
        ...{
          type: 'OPT',
          name: '.',
          udpPayloadSize: 4096,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0x8000,
          flag_do: true,
        },
        options: [{ code: 8, ip: '192.0.2.0', sourcePrefixLength: 24 }],
      },
    ],
  });
  expect(decodeMessage(octets)).toMatchObject({
    ...{ id: 7, qr: false, additional: [], questions: [{ name: '_a._b.example.org.', type: 33, class: 1 }] },
    edns: { udpSize: 4096, version: 0, do: true, options: [{ code: 8, data: new Uint8Array(hex('00011800c00002')) }] },
  });
});
