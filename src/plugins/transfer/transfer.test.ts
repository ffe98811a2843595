import { describe, expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { offered } from '../../../test/support/env.ts';
import { makePlugin, nextHandler, parsePlugin } from '../../../test/support/plugin.ts';
import { printReply, type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import type { Reply } from '../../plugin/reply.ts';
import type { TransferSource } from '../../plugin/transfer.ts';
import { MAX_TRANSFERS } from './answer.ts';
import transfer from './index.ts';

const soa = (serial: number) => parseRecord(`a.test. 5 IN SOA ns.a.test. host.a.test. ${serial} 1 2 3 4`);
const CONTENT = ['a.test. 5 IN NS ns.a.test.', 'ns.a.test. 5 IN A 192.0.2.53'].map((text) => parseRecord(text));

/** The plugin before one that has the zone a.test. */
function setUp(body = 'transfer a.test {\nto 192.0.2.1\n}', serial = 100, changes?: readonly ResourceRecord[]) {
  const zone: { complete: boolean } = { complete: true };
  const source: TransferSource = {
    zones: ['a.test.'],
    zone() {
      if (!zone.complete) return undefined;
      const changesSince = (from: number) => (from === 98 ? changes : undefined);
      return { serial, soa: soa(serial), records: () => CONTENT, ...(changes && { changesSince }) };
    },
    onChange: () => () => {},
  };
  const { plugin, env } = makePlugin(transfer, body, { offers: [offered('file', TRANSFERS, source)] });
  const handler = plugin.wrap!(nextHandler);
  const ask = (question: string, options: TestQueryOptions = {}, authority: readonly ResourceRecord[] = []) => {
    const query = testQuery(question, { protocol: 'tcp', ...options });
    return handler({ ...query, message: { ...query.message, authority } }) as Reply;
  };
  return { ask, env, zone };
}

const print = (records: Iterable<ResourceRecord>) =>
  [...records].map((each) => printRecord(each).replaceAll('\t', ' '));
const SOA = 'a.test. 5 IN SOA ns.a.test. host.a.test. 100 1 2 3 4';
const WHOLE = ['a.test. 5 IN NS ns.a.test.', 'ns.a.test. 5 IN A 192.0.2.53', SOA];

/** `whole`, `SOA`, or how the reply prints. */
function outcome(reply: Reply): string {
  const text = printReply(reply);
  if (text !== `NOERROR aa\n${SOA}`) return reply.source === 'next' ? 'next' : text;
  if (reply.following === undefined) return 'SOA';
  expect(print(reply.following)).toEqual(WHOLE);
  return 'whole';
}

test('a reply from below is not repeated, as a plugin may have the zone the next time', () => {
  const { query } = inFrontOf(transfer, 'transfer a.test {\nto *\n}', {});
  expect(query('a.test. AXFR', { protocol: 'tcp' })).toMatchObject({ source: 'next', repeat: undefined });
  expect(query('b.test. AXFR', { protocol: 'tcp' })).toMatchObject({ repeat: UNCHANGING });
});

test.each<[string, TestQueryOptions, string]>([
  ['a.test. AXFR', {}, 'whole'],
  ['A.Test. AXFR', {}, 'whole'],
  ['a.test. AXFR', { protocol: 'udp' }, 'REFUSED'],
  ['a.test. AXFR', { client: { address: '192.0.2.2', port: 1 } }, 'REFUSED'],
  ['a.test. AXFR CH', {}, 'next'],
  ['a.test. SOA', {}, 'next'],
  ['b.a.test. AXFR', {}, 'next'],
  ['test. AXFR', {}, 'next'],
  ['b.test. AXFR', {}, 'next'],
])('%s with %j: %s', (question, options, expected) => {
  expect(outcome(setUp().ask(question, options))).toBe(expected);
});

describe('IXFR', () => {
  test.each<[string, number, 'tcp' | 'udp', string]>([
    ['the present version', 100, 'tcp', 'SOA'],
    ['an older version', 99, 'tcp', 'whole'],
    ['a later version', 101, 'tcp', 'SOA'],
    ['an older version, by serial number arithmetic', 4_294_967_290, 'tcp', 'whole'],
    ['the present version', 100, 'udp', 'SOA'],
    ['an older version', 99, 'udp', 'SOA'],
  ])('of who has %s (%i) over %s: %s', (_, serial, protocol, expected) => {
    expect(outcome(setUp().ask('a.test. IXFR', { protocol }, [soa(serial)]))).toBe(expected);
  });

  test('of who has a version since which the changes are known', async () => {
    const changes = [soa(98), CONTENT[1]!, soa(100)];
    const { ask, env } = setUp(undefined, 100, changes);
    const reply = ask('a.test. IXFR', {}, [soa(98)]);
    expect(print(reply.answer)).toEqual(print([soa(100), ...changes, soa(100)]));
    expect(reply.following).toBeUndefined();
    const overUdp = ask('a.test. IXFR', { protocol: 'udp' }, [soa(98)]);
    expect(print(overUdp.answer)).toEqual(print([soa(100), ...changes, soa(100)]));
    expect(outcome(ask('a.test. IXFR', {}, [soa(97)]))).toBe('whole');
    expect(outcome(ask('a.test. AXFR'))).toBe('whole');
    expect((await env.exposed('cairn_zone_transfers_total')).slice(0, 2)).toEqual([
      'cairn_zone_transfers_total{server="dns://:53",result="full"} 2',
      'cairn_zone_transfers_total{server="dns://:53",result="changes"} 2',
    ]);
    expect(await env.exposed('cairn_zone_transfers_running')).toEqual([
      'cairn_zone_transfers_running{server="dns://:53"} 0',
    ]);
  });

  test.each([
    [8, 'udp', undefined, 'short'],
    [30, 'udp', undefined, 'SOA'],
    [30, 'udp', 1232, 'short'],
    [60, 'udp', 1232, 'SOA'],
    [60, 'tcp', undefined, 'short'],
    [2500, 'tcp', undefined, 'stream'],
  ] as const)('%i records over %s with room for %s octets are %s', (count, protocol, udpSize, expected) => {
    const added = Array.from({ length: count }, (_, i) => parseRecord(`n${i}.a.test. 5 IN A 192.0.2.1`));
    const { ask } = setUp(undefined, 100, [soa(98), soa(100), ...added]);
    const { answer, following } = ask('a.test. IXFR', { protocol, ...(udpSize && { edns: { udpSize } }) }, [soa(98)]);
    const records = [...answer, ...(following ?? [])];
    expect(records.length).toBe(expected === 'SOA' ? 1 : count + 4);
    expect(following !== undefined).toBe(expected === 'stream');
  });

  test.each([
    ['nothing', []],
    ['another type', [CONTENT[0]!]],
    ['the SOA of another zone', [parseRecord('b.test. 5 IN SOA a. b. 100 1 2 3 4')]],
    ['an SOA without rdata', [{ ...soa(1), data: {} }]],
  ])('with %s in its authority section is malformed', (_, authority) => {
    expect(outcome(setUp().ask('a.test. IXFR', {}, authority))).toBe('FORMERR');
  });
});

test.each([
  ['transfer {\nto *\n}', 'whole'],
  ['transfer a.test {\nto 192.0.2.9 192.0.2.1:5300\n}', 'whole'],
  ['transfer a.test {\nto 192.0.2.9\nto *\n}', 'whole'],
  ['transfer test {\nto *\n}\ntransfer a.test {\nto 192.0.2.9\n}', 'REFUSED'],
  ['transfer test {\nto 192.0.2.9\n}\ntransfer a.test {\nto *\n}', 'whole'],
  ['transfer b.test {\nto *\n}', 'next'],
  ['transfer {\nto 192.0.2.0/28\n}', 'whole'],
  ['transfer {\nto 192.0.2.16/28 2001:db8::/32\n}', 'REFUSED'],
])('%j', (body, expected) => {
  expect(outcome(setUp(body).ask('a.test. AXFR'))).toBe(expected);
});

test('a refusal says why', () => {
  const client = { address: '2001:db8::2', port: 1 };
  expect(setUp().ask('a.test. AXFR', { client, edns: {} })).toMatchObject({
    ednsOptions: [{ code: 15, data: Uint8Array.of(0, 18) }],
    error: { message: "AXFR of a.test. by [2001:db8::2]:1: the client is not among those of 'to'" },
    uncacheable: true,
  });
});

test('a zone that is not complete is not given away', () => {
  const { ask, zone } = setUp();
  zone.complete = false;
  expect(ask('a.test. AXFR')).toMatchObject({ rcode: 2, ednsOptions: [{ data: Uint8Array.of(0, 14) }] });
});

test('the number of transfers at once is limited, and all are counted', async () => {
  const { ask, env } = setUp();
  const running = Array.from({ length: MAX_TRANSFERS }, () => {
    const records = ask('a.test. AXFR').following![Symbol.iterator]();
    records.next();
    return records;
  });
  expect(outcome(ask('a.test. AXFR'))).toBe('SERVFAIL');
  expect(outcome(ask('a.test. IXFR', {}, [soa(100)]))).toBe('SOA');
  running[0]!.return!();
  for (const record of { [Symbol.iterator]: () => running[1]! }) expect(record).toBeDefined();
  expect(await env.exposed('cairn_zone_transfers_running')).toEqual([
    `cairn_zone_transfers_running{server="dns://:53"} ${MAX_TRANSFERS - 2}`,
  ]);
  expect(outcome(ask('a.test. AXFR'))).toBe('whole');
  ask('a.test. AXFR', { protocol: 'udp' });
  expect(await env.exposed('cairn_zone_transfers_total')).toEqual([
    `cairn_zone_transfers_total{server="dns://:53",result="full"} ${MAX_TRANSFERS + 1}`,
    'cairn_zone_transfers_total{server="dns://:53",result="changes"} 0',
    'cairn_zone_transfers_total{server="dns://:53",result="current"} 1',
    'cairn_zone_transfers_total{server="dns://:53",result="refused"} 1',
    'cairn_zone_transfers_total{server="dns://:53",result="unready"} 0',
    'cairn_zone_transfers_total{server="dns://:53",result="busy"} 1',
  ]);
});

test('changes of zones that come are told, and those of zones that went are not', () => {
  let zones = ['a.test.', 'b.test.', 'other.'];
  const followed = new Set<string>();
  let zonesMoved = () => {};
  const transfers: TransferSource = {
    get zones() {
      return zones;
    },
    zone: () => undefined,
    onChange(zone) {
      followed.add(zone);
      return () => followed.delete(zone);
    },
    onZones(listener) {
      zonesMoved = listener;
      return () => {
        zonesMoved = () => {};
      };
    },
  };
  const { plugin } = makePlugin(transfer, 'transfer test {\nto 192.0.2.1\n}', {
    offers: [offered('x', TRANSFERS, transfers)],
  });
  plugin.serving!([]);
  expect([...followed]).toEqual(['a.test.', 'b.test.']);
  zones = ['b.test.', 'c.test.'];
  zonesMoved();
  expect([...followed]).toEqual(['b.test.', 'c.test.']);
  plugin.stop!();
  zones = ['d.test.'];
  zonesMoved();
  expect([...followed]).toEqual([]);
});

describe('options', () => {
  test.each([
    ['transfer {\nto *\n}', { zones: ['.'], to: [], toAll: true }],
    [
      'transfer A.test 10.0.0.0/8 {\nto 192.0.2.1 [2001:DB8::1]:5300\nsource 2001:DB8::2\n}',
      {
        zones: ['a.test.', '10.in-addr.arpa.'],
        to: [
          { address: '192.0.2.1', port: 53 },
          { address: '2001:db8::1', port: 5300 },
        ],
        toAll: false,
        source: '2001:db8::2',
      },
    ],
  ])('%j', (body, expected) => {
    expect(parsePlugin(transfer, body)).toEqual([{ source: undefined, networks: [], ...expected }]);
  });

  test.each([
    ['transfer', "Corefile:1:1 - Error during parsing: 'to' is required - add 'to ADDRESS…', or 'to *' for everybody"],
    ['transfer {\nsource 192.0.2.1\n}', "Corefile:1:1 - Error during parsing: 'to' is required"],
    ['transfer {\nto\n}', "Wrong argument count or unexpected line ending after 'to'"],
    [
      'transfer {\nto a.test\n}',
      "Corefile:2:4 - Error during parsing: not an IP address, with or without a port: 'a.test'",
    ],
    [
      'transfer {\nto 10.0.0.0/33\n}',
      "Corefile:2:4 - Error during parsing: not a network: '10.0.0.0/33' - write it as in 10.0.0.0/8 or fd00::/64",
    ],
    ['transfer {\nto *\nsource x\n}', "Corefile:3:8 - Error during parsing: not an IP address: 'x'"],
    ['transfer {\nto *\nfrom x\n}', "Corefile:3:1 - Error during parsing: unknown property 'from'"],
    [
      'transfer a.test {\nto *\n}\ntransfer a.test {\nto *\n}',
      "Corefile:4:1 - Error during parsing: the zone a.test. has a 'transfer' already",
    ],
  ])('%j is an error', (body, message) => {
    expect(() => parsePlugin(transfer, body)).toThrow(message);
  });
});
