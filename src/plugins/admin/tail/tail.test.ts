import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fakeClock } from '../../../../test/support/clock.ts';
import { sentReply } from '../../../../test/support/plugin.ts';
import { testMessage, testQuery } from '../../../../test/support/query.ts';
import { seededRandom } from '../../../../test/support/random.ts';
import type { TailLine, TailNote, TailQuery } from '../../../admin/protocol/index.ts';
import { OCTET_TEXT } from '../../../dns/name.ts';
import { decodeMessage } from '../../../dns/wire/decode.ts';
import { encodeMessage } from '../../../dns/wire/encode.ts';
import { printableJson } from '../../../observe/printable.ts';
import { createQuery } from '../../../plugin/query.ts';
import { createReply, failure, type Reply } from '../../../plugin/reply.ts';
import type { Follower, ServerControl, Way } from '../../../plugin/server-control.ts';
import type { LineWriter } from '../http.ts';
import { tail } from './index.ts';

/** A viewer, and a server that asks for nothing. `accepts` says whether the viewer takes another line. */
function viewing({ rate = 200, count = undefined as number | undefined, accepts = (): boolean => true } = {}) {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const followers: Follower[] = [];
  const control: Pick<ServerControl, 'follow' | 'namespaceOf'> = {
    namespaceOf: (address) => (address === '10.244.1.17' ? 'shop' : undefined),
    follow(follower) {
      followers.push(follower);
      return () => void followers.splice(followers.indexOf(follower), 1);
    },
  };
  const lines: TailLine[] = [];
  const write: LineWriter = (value) => {
    if (!accepts()) return false;
    lines.push(value as TailLine);
    return true;
  };
  const env = { clock, random: seededRandom(1), sampledOut: { value: 0 }, displaced: { value: 0 } };
  const abort = new AbortController();
  const options = { filter: () => true, rate, count };
  const ended = tail(control as ServerControl, env, options, write, abort.signal);
  const ask = (question: string, reply: Reply = createReply('x'), way: Way = 'handled', address = '192.0.2.1') => {
    const query = testQuery(question, { client: { address, port: 4000 } });
    for (const follower of followers) follower.query(query, sentReply(query, reply, { durationMs: 1.5 }), way);
  };
  /** Lines are written in turns of the event loop. */
  const pass = async (ms: number) => {
    for (const endMs = clock.monotonic() + ms; clock.monotonic() < endMs; ) {
      clock.advance(Math.min(10, endMs - clock.monotonic()));
      await setImmediate();
    }
  };
  const queries = () => lines.filter((line): line is TailQuery => 'time' in line);
  const notes = () => lines.filter((line): line is TailNote => 'dropped' in line);
  return { clock, pass, followers, env, abort, ended, ask, lines, queries, notes };
}

test('a line says what was asked, what was sent, and who made it', async () => {
  const { pass, ask, lines } = viewing();
  await pass(5000);
  ask('WWW.example.org. AAAA', createReply('forward', { rcode: 3 }), 'repeated', '10.244.1.17');
  expect(lines).toEqual([]);
  await pass(100);
  expect(lines).toEqual([
    {
      time: '2026-01-01T00:00:04.998Z',
      ...{ client: '10.244.1.17', clientPort: 4000, namespace: 'shop', server: 'dns://:53', protocol: 'udp' },
      ...{ name: 'WWW.example.org.', type: 'AAAA', class: 'IN', zone: '.' },
      ...{ rcode: 'NXDOMAIN', plugin: 'forward', repeated: true, answers: 0 },
      ...{ requestOctets: 40, responseOctets: expect.any(Number), durationMs: 1.5 },
    },
  ]);
});

test.each<[string, string, Reply, Way, Partial<TailQuery>]>([
  ['no response', 'a. A', createReply('acl', { drop: true }), 'handled', { rcode: null, zone: '.' }],
  [
    'an error',
    'a. A',
    failure('forward', 2, new Error('no luck\n[INFO] \x1b[31m\u202e')),
    'handled',
    { rcode: 'SERVFAIL', error: 'no luck; [INFO] \\u001b[31m\\u202e' },
  ],
  ['a name that no block serves', 'a. A', failure('', 5), 'unserved', { error: 'no server block serves the name' }],
  ['another class', 'a. A CH', failure('', 5), 'rejected', { class: 'CH', error: 'the class CH is not served' }],
])('%s is seen as such', async (_, question, reply, way, line) => {
  const { pass, ask, queries } = viewing();
  ask(question, reply, way);
  await pass(100);
  expect(queries()).toEqual([expect.objectContaining(line)]);
  expect('zone' in queries()[0]!).toBe(way === 'handled');
});

test('above the rate, lines are left out, and notes say how many', async () => {
  const { clock, pass, ask, lines, notes, queries, env } = viewing({ rate: 50 });
  for (let i = 0; i < 3000; i++) {
    ask(`n${i}. A`);
    await pass(1);
  }
  await pass(2000);
  expect(queries().length).toBeLessThanOrEqual(50 * 4 + 5);
  expect(queries().length).toBeGreaterThanOrEqual(50 * 3);
  expect(notes().reduce((sum, { sampledOut }) => sum + sampledOut, queries().length)).toBe(3000);
  expect(notes().length).toBeLessThanOrEqual(5);
  expect(env.sampledOut.value).toBe(3000 - queries().length);
  expect('sampledOut' in lines.at(-1)!).toBe(true);
  expect(clock.timers).toBe(0);
});

test('a viewer that reads slowly loses lines, and learns how many when it reads again', async () => {
  let isReading = true;
  const { pass, ask, notes, queries } = viewing({ accepts: () => isReading });
  const askSome = async () => {
    for (let i = 0; i < 10; i++) ask(`n${i}. A`);
    await pass(100);
  };
  await askSome();
  isReading = false;
  for (let i = 0; i < 5; i++) await askSome();
  expect(notes()).toEqual([]);
  isReading = true;
  await pass(1000);
  expect(notes()).toEqual([{ sampledOut: 0, dropped: 50 }]);
  await askSome();
  expect(queries().length).toBe(20);
});

test('it ends after as many lines as were wanted, and says what was left out before', async () => {
  const { clock, pass, ask, ended, lines, followers } = viewing({ rate: 5, count: 7 });
  for (let i = 0; i < 30; i++) {
    ask(`n${i}. A`);
    await pass(50);
  }
  await pass(5000);
  await ended;
  expect(lines.filter((line) => 'time' in line)).toHaveLength(7);
  expect(followers).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('when the viewer has gone, nothing is left of it', async () => {
  const { clock, pass, ask, ended, lines, followers, abort } = viewing();
  ask('a. A');
  abort.abort();
  await ended;
  await pass(1000);
  expect([followers.length, clock.timers, lines.length]).toEqual([0, 0, 0]);
});

test('names of any octets neither forge a line nor reach a terminal raw', async () => {
  const random = seededRandom(9);
  const pick = (most: number) => Math.floor(random() * most);
  const spicy = [0, 7, 8, 9, 10, 13, 27, 34, 92, 127, 155, 0xe2, 0x80, 0xae, 0xc2, 0x9b];
  const octet = () => OCTET_TEXT[random() < 0.5 ? spicy[pick(spicy.length)]! : pick(256)]!;
  const label = () => Array.from({ length: 1 + pick(20) }, octet).join('');
  const { pass, lines, followers } = viewing({ rate: 2000 });
  for (let i = 0; i < 10_000; i++) {
    const name = `${Array.from({ length: 1 + pick(4) }, label).join('.')}.`;
    const sent = testMessage('. A');
    const bytes = encodeMessage({ ...sent, questions: [{ name, type: pick(65_536), class: pick(65_536) }] });
    const query = createQuery(decodeMessage(bytes), testQuery('. A').arrival, 'dns://:53');
    const error = new Error(String.fromCodePoint(pick(0x3000), 0x202e, 10, pick(256)));
    const reply = failure('x', pick(4096), error);
    for (const follower of followers) follower.query(query, sentReply(query, reply), 'handled');
    await pass(1);
    if (i % 100 !== 99) continue;
    await pass(100);
    for (const line of lines.splice(0)) {
      const text = printableJson(line);
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      if ('name' in line) expect(line.name).toMatch(/^[!-~]+$/);
    }
  }
});
