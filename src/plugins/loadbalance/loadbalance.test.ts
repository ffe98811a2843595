import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestEnvOptions } from '../../../test/support/env.ts';
import { addresses, addressesOfNames, exchanges, texts } from '../../../test/support/large-messages.ts';
import { makePlugin, parsePlugin, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { Packed } from '../../dns/wire/packed.ts';
import { readResponse } from '../../dns/wire/response.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { alterReply, createReply, hasRecords, type Reply, recordsOf, replyWith } from '../../plugin/reply.ts';
import loadbalance from './index.ts';
import { parseWeights } from './weights.ts';

/** Records by their last word, which tells them apart here. */
const RECORDS: Record<string, ResourceRecord> = Object.fromEntries(
  [
    'www CNAME web.',
    'web CNAME real.',
    'real A 10.0.0.1',
    'real A 10.0.0.2',
    'real A 10.1.0.3',
    'real AAAA 2001:db8::1',
    'real TXT text',
    'real MX 10 mx1.',
    'real MX 10 mx2.',
    'd DNAME e.',
  ].map((line) => [line.split(' ').at(-1)!, Object.freeze(parseRecord(line.replace(' ', ' 60 IN ')))]),
);
const records = (words: string) => Object.freeze(words.split(' ').flatMap((word) => RECORDS[word] ?? []));
const print = (list: readonly ResourceRecord[]) =>
  list.map((record) => Object.keys(RECORDS).find((word) => RECORDS[word] === record)).join(' ');

function balance(body: string, reply: Reply, options: TestEnvOptions = {}, question = 'www. A') {
  const { plugin, env } = makePlugin(loadbalance, body, options);
  const handler = plugin.wrap!(() => reply);
  return { plugin, env, ask: () => handler(testQuery(question)) as Reply };
}

/** All different answers of many queries, sorted. */
function answers(ask: () => Reply, queries = 200): string[] {
  return [...new Set(Array.from({ length: queries }, () => print(ask().answer)))].sort();
}

describe('round_robin', () => {
  test.each([
    ['10.0.0.1 10.0.0.2', ['10.0.0.1 10.0.0.2', '10.0.0.2 10.0.0.1']],
    ['mx2. mx1. 10.0.0.1 text', ['text 10.0.0.1 mx1. mx2.', 'text 10.0.0.1 mx2. mx1.']],
    ['10.0.0.1 web. real.', ['web. real. 10.0.0.1']],
    ['10.0.0.1 e. web.', ['e. web. 10.0.0.1']],
    ['text web.', ['text web.']],
    ['10.0.0.1', ['10.0.0.1']],
    ['2001:db8::1 10.0.0.1', ['10.0.0.1 2001:db8::1', '2001:db8::1 10.0.0.1']],
  ])('%s', (answer, expected) => {
    const { ask } = balance('loadbalance', createReply('x', { answer: records(answer) }));
    expect(answers(ask)).toEqual(expected);
  });

  test('thousands of addresses that nobody decoded are shuffled as octets', () => {
    const { records } = readResponse(addresses());
    const { ask } = balance('loadbalance', replyWith('x', {}, records));
    const shuffled = recordsOf(ask());
    expect(shuffled).toBeInstanceOf(Packed);
    expect(shuffled.answer).not.toEqual(records.answer);
    expect(new Set(shuffled.answer.map(printRecord))).toEqual(new Set(records.answer.map(printRecord)));
  });

  test.each([
    ['TXT records', texts()],
    ['MX records', exchanges()],
    ['addresses of different names', addressesOfNames()],
  ])('thousands of %s that nobody decoded keep their order', (_, message) => {
    const reply = replyWith('x', {}, readResponse(message).records);
    expect(balance('loadbalance', reply).ask()).toBe(reply);
  });

  test('all three sections are shuffled, the reply that came is left as it was', () => {
    const both = records('10.0.0.1 10.0.0.2');
    const reply = Object.freeze(createReply('x', { answer: both, authority: both, additional: both }));
    const { ask } = balance('loadbalance round_robin', reply);
    for (const section of ['answer', 'authority', 'additional'] as const) {
      const seen = new Set(Array.from({ length: 50 }, () => print(ask()[section])));
      expect(seen.size).toBe(2);
    }
    expect(print(both)).toBe('10.0.0.1 10.0.0.2');
  });

  test.each([
    ['NXDOMAIN', createReply('x', { rcode: 3, answer: records('10.0.0.1 web.') }), 'www. A'],
    ['AXFR', createReply('x', { answer: records('10.0.0.1 web.') }), 'www. AXFR'],
    ['IXFR', createReply('x', { answer: records('10.0.0.1 web.') }), 'www. IXFR'],
    ['nothing to change', createReply('x', { answer: records('web. text') }), 'www. A'],
  ])('%s passes as it is', (_, reply, question) => {
    expect(balance('loadbalance', reply, {}, question).ask()).toBe(reply);
  });

  test.each([
    ['TTLs that count down go on to do so in another order', true],
    ['the TTLs of other records than the cache gave do not count down', false],
  ])('%s', (_, isSame) => {
    const cached = createReply('cache', { answer: records('10.0.0.1 10.0.0.2') });
    const countdown = { records: isSame ? cached : createReply('x'), nextMs: 1000, untilMs: 5000 };
    const reply = alterReply(cached, { repeat: { ...UNCHANGING, countdown } });
    const { ask } = balance('loadbalance', reply);
    const shuffled = ask();
    expect(hasRecords(shuffled, countdown.records)).toBe(false);
    expect(shuffled.repeat).toMatchObject({ shuffled: true });
    const kept = shuffled.repeat!.countdown;
    expect(kept && hasRecords(shuffled, kept.records)).toBe(isSame || undefined);
  });

  test('a reply that comes later is shuffled, too', async () => {
    const { plugin } = makePlugin(loadbalance, 'loadbalance');
    const reply = createReply('x', { answer: records('10.0.0.1 web.') });
    const handler = plugin.wrap!(async () => reply);
    expect(print((await handler(testQuery('www.'))).answer)).toBe('web. 10.0.0.1');
  });
});

test('prefer: an address record without rdata, as an upstream may send it, comes last', () => {
  const [first, second] = records('10.0.0.1 10.1.0.3');
  const bare = { ...first!, data: {} };
  const { ask } = balance(
    'loadbalance {\n prefer 10.0.0.0/16 10.1.0.0/16\n}',
    createReply('next', { answer: [bare, second!, first!] }),
  );
  expect(ask().answer).toEqual([first, second, bare]);
});

describe('prefer', () => {
  test.each([
    ['10.1.0.0/16', '10.0.0.1 10.1.0.3', ['10.1.0.3 10.0.0.1']],
    ['2001:db8::/32 10.1.0.0/16', '10.0.0.1 10.1.0.3 2001:db8::1', ['2001:db8::1 10.1.0.3 10.0.0.1']],
    ['10.0.0.0/24', '10.1.0.3 10.0.0.1 10.0.0.2', ['10.0.0.1 10.0.0.2 10.1.0.3', '10.0.0.2 10.0.0.1 10.1.0.3']],
    ['10.1.0.0/16', 'web. 10.0.0.1 10.1.0.3 mx1.', ['web. 10.1.0.3 10.0.0.1 mx1.']],
  ])('%s of %s', (networks, answer, expected) => {
    const reply = createReply('x', { answer: records(answer) });
    const { ask } = balance(`loadbalance {\n prefer ${networks}\n}`, reply);
    expect(answers(ask)).toEqual(expected);
  });

  test('several lines add up', () => {
    const reply = createReply('x', { answer: records('10.0.0.1 10.1.0.3 2001:db8::1') });
    const { ask } = balance('loadbalance {\n prefer ::/0\n prefer 10.1.0.0/16\n}', reply);
    expect(answers(ask)).toEqual(['2001:db8::1 10.1.0.3 10.0.0.1']);
  });
});

describe('weighted', () => {
  let root: string;
  let modified = 1_700_000_000;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cairn-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  async function write(text: string): Promise<void> {
    await writeFile(join(root, 'weights'), text);
    await utimes(join(root, 'weights'), modified, modified++);
  }
  const reply = createReply('x', { answer: records('real. text 10.0.0.1 10.0.0.2 10.1.0.3 mx1.') });

  /** How often each address came first in 1000 replies. */
  function drawn(ask: () => Reply): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let i = 0; i < 1000; i++) {
      const first = print(ask().answer).split(' ')[2]!;
      counts[first] = (counts[first] ?? 0) + 1;
    }
    return counts;
  }

  test.each([
    ['the question', 'www\n10.0.0.1 255\n10.0.0.2 255', [500, 500, 2]],
    ['the owner of the addresses', 'real.\n10.0.0.1 6\n10.0.0.2 3', [600, 300, 100]],
    ['the question before the owner', 'real.\n10.0.0.1 255\nWWW\n10.0.0.2 98', [10, 980, 10]],
    ['no name', 'other\n10.0.0.1 255', [333, 333, 333]],
  ])('weights of %s', async (_, text, [first, second, third]) => {
    await write(text);
    const { plugin, ask } = balance('loadbalance weighted weights', reply, { root, seed: 3 });
    await startPlugin(plugin);
    const counts = drawn(ask);
    expect(Math.abs((counts['10.0.0.1'] ?? 0) - first!)).toBeLessThan(50);
    expect(Math.abs((counts['10.0.0.2'] ?? 0) - second!)).toBeLessThan(50);
    expect(Math.abs((counts['10.1.0.3'] ?? 0) - third!)).toBeLessThan(50);
  });

  test('one address moves to the front of the addresses, nothing else moves', async () => {
    const { ask } = balance('loadbalance weighted weights', reply, { root });
    expect(answers(ask)).toEqual([
      'real. text 10.0.0.1 10.0.0.2 10.1.0.3 mx1.',
      'real. text 10.0.0.2 10.0.0.1 10.1.0.3 mx1.',
      'real. text 10.1.0.3 10.0.0.1 10.0.0.2 mx1.',
    ]);
    expect(print(reply.answer)).toBe('real. text 10.0.0.1 10.0.0.2 10.1.0.3 mx1.');
  });

  test('the file is read again every 30 s, a bad one is not used', async () => {
    await write('www\n10.0.0.1 255\n');
    const { plugin, env, ask } = balance('loadbalance weighted weights', reply, { root });
    await startPlugin(plugin);
    await write('www\n10.0.0.1 none\n');
    env.clock.advance(30_000);
    await startPlugin(plugin);
    expect(drawn(ask)['10.0.0.1']).toBeGreaterThan(900);
    expect(env.lines).toEqual([
      `[WARNING] plugin/loadbalance: cannot read the weights, the last ones stay in use: ${join(root, 'weights')}:2: the weight must be a whole number from 1 to 255, not "none"`,
    ]);
    await write('www\n10.0.0.2 255\n');
    env.clock.advance(30_000);
    await startPlugin(plugin);
    expect(drawn(ask)['10.0.0.2']).toBeGreaterThan(900);
    await [...env.kept.values()][0]!.stop!();
    expect(env.clock.timers).toBe(0);
  });

  test('reload 0s reads it once', async () => {
    const { plugin, env } = balance('loadbalance weighted weights {\n reload 0s\n}', reply, { root });
    await startPlugin(plugin);
    expect(env.clock.timers).toBe(0);
    expect(env.lines).toHaveLength(1);
  });
});

test('a file of weights', () => {
  const text = '# ours\nWWW.example.org\n100.64.1.1 3 # most\n\n2001:DB8::1\t255\nb\nwww.example.org.\n10.0.0.1 1\r\n';
  expect(parseWeights('w', text)).toEqual(
    new Map([
      [
        'www.example.org.',
        new Map([
          ['100.64.1.1', 3],
          ['2001:db8::1', 255],
          ['10.0.0.1', 1],
        ]),
      ],
      ['b.', new Map()],
    ]),
  );
});

test.each([
  ['10.0.0.1 1', 'w:1: a domain name must come before the first address'],
  ['a\n10.0.0.1', 'w:2: the address 10.0.0.1 has no weight'],
  ['a\n10.0.0.1 0', 'w:2: the weight must be a whole number from 1 to 255, not "0"'],
  ['a\n10.0.0.1 256', 'w:2: the weight must be a whole number from 1 to 255, not "256"'],
  ['a\nb 1', 'w:2: "b" is not an IP address'],
  ['a\n\n10.0.0.1 1 1', 'w:3: a domain name or an address and its weight are expected'],
  ['a..b', 'w:1: "a..b" has an empty label'],
])('%j is no file of weights', (text, message) => {
  expect(() => parseWeights('w', text)).toThrow(message);
});

test.each([
  ['loadbalance', { prefer: [] }],
  ['loadbalance round_robin', { prefer: [] }],
  ['loadbalance weighted w', { prefer: [], weighted: { path: 'w', reloadMs: 30_000 } }],
  ['loadbalance weighted w {\n reload 1m\n}', { prefer: [], weighted: { path: 'w', reloadMs: 60_000 } }],
])('%j is read', (body, options) => {
  expect(parsePlugin(loadbalance, body)).toEqual(options);
});

test.each([
  [
    'loadbalance random',
    "Corefile:1:13 - Error during parsing: unknown value 'random', expecting one of round_robin, weighted",
  ],
  [
    'loadbalance round_robin w',
    "Corefile:1:25 - Error during parsing: Wrong argument count or unexpected line ending after 'w'",
  ],
  [
    'loadbalance weighted',
    "Corefile:1:13 - Error during parsing: Wrong argument count or unexpected line ending after 'weighted'",
  ],
  ['loadbalance {\n reload 5s\n}', "Corefile:2:2 - Error during parsing: 'reload' is only for 'weighted FILE'"],
  ['loadbalance weighted w {\n reload 5\n}', 'Corefile:2:9 - Error during parsing: time: missing unit in duration "5"'],
  [
    'loadbalance {\n prefer\n}',
    "Corefile:2:2 - Error during parsing: Wrong argument count or unexpected line ending after 'prefer'",
  ],
  ['loadbalance {\n prefer 10.0.0.0/8 10.0.0.1\n}', "Corefile:2:20 - Error during parsing: invalid CIDR '10.0.0.1'"],
  ['loadbalance {\n avoid ::/0\n}', "Corefile:2:2 - Error during parsing: unknown property 'avoid'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(loadbalance, body)).toThrow(message);
});

test('the status tells a file of weights that is broken', async () => {
  const root = await mkdtemp(join(tmpdir(), 'cairn-'));
  await writeFile(join(root, 'weights'), 'www.example.org\n192.0.2.1 3\n');
  const { plugin } = balance('loadbalance weighted weights', createReply('next'), { root });
  await startPlugin(plugin);
  expect(plugin.status!()).toMatchObject({ state: 'ok', summary: '1 names have weights.', watches: [{ objects: 1 }] });
  await writeFile(join(root, 'weights'), 'www.example.org\n192.0.2.1 a lot\n');
  await startPlugin(plugin);
  expect(plugin.status!()).toMatchObject({
    state: 'degraded',
    summary: expect.stringMatching(/^The weights that were read last stay in use: .*weights:2/),
  });
  await rm(root, { recursive: true });
  expect(balance('loadbalance', createReply('next')).plugin.status).toBeUndefined();
});
