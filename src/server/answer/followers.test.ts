import { expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { testMessage, testQuery } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { type Message, Opcode, printRcode } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { createLogger } from '../../observe/log.ts';
import { Metrics } from '../../observe/metrics.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply } from '../../plugin/reply.ts';
import { Responder } from './responder.ts';
import { Router } from './router.ts';
import { ServerWatch } from './watch.ts';

const SOA = parseRecord('a.test. 30 SOA ns.a.test. admin.a.test. 1 2 3 4 5');

/** A server for a.test., whose names say what becomes of their queries. */
function setUp() {
  const router = new Router();
  let responder: Responder;
  const handler: Handler = (query) => {
    switch (query.name) {
      case 'kept.a.test.':
        return createReply('x', { repeat: UNCHANGING });
      case 'later.a.test.':
        return Promise.resolve(createReply('x', { rcode: 3 }));
      case 'dropped.a.test.':
        return createReply('x', { drop: true });
      case 'broken.a.test.':
        throw new Error('no luck');
      case 'inside.a.test.':
        return responder.resolve(query, { name: 'later.a.test.', type: 1, class: 1 });
      case 'a.test.':
        return createReply('x', { answer: [SOA], following: [SOA] });
      default:
        return createReply('x');
    }
  };
  router.add('a.test.', { handler, observers: [], recursion: false });
  const lines: string[] = [];
  const log = createLogger((_, line) => lines.push(line));
  const watch = new ServerWatch(fakeClock(), seededRandom(), log, new Metrics());
  responder = new Responder({ server: 'dns://:53', router, anyClass: false, transport: 'dns', idleMs: 10_000 }, watch);
  const send = async (message: Message, protocol: 'udp' | 'tcp' = 'udp') => {
    const bytes = encodeMessage(message);
    const answer = await responder.answer(bytes, { ...testQuery('. A').arrival, protocol, octets: bytes.length });
    return answer && 'next' in answer ? Buffer.concat([...(answer as IterableIterator<Buffer>)]) : answer;
  };
  return { responder, watch, lines, send };
}

/** What a follower sees, a line each; the octets are compared with those that the client got. */
function follow(watch: ServerWatch) {
  const seen: string[] = [];
  let octets = 0;
  const end = watch.followers.add({
    query({ question, name, depth }, sent, way) {
      octets += sent.octets;
      const rcode = sent.reply.drop ? 'nothing' : printRcode(sent.reply.rcode);
      seen.push([way, question.name === name ? name : question.name, depth, rcode, sent.reply.source].join(' ').trim());
    },
  });
  return { seen, end, octets: () => octets };
}

test.each<[string, Message, string]>([
  ['a reply at once', testMessage('www.a.test. A'), 'handled www.a.test. 0 NOERROR x'],
  ['letter case', testMessage('WWW.a.test. A'), 'handled WWW.a.test. 0 NOERROR x'],
  ['a reply that comes later', testMessage('later.a.test. A'), 'handled later.a.test. 0 NXDOMAIN x'],
  ['no response', testMessage('dropped.a.test. A'), 'handled dropped.a.test. 0 nothing x'],
  ['an error of a plugin', testMessage('broken.a.test. A'), 'handled broken.a.test. 0 SERVFAIL'],
  [
    'a lookup inside the server, which is not seen',
    testMessage('inside.a.test. A'),
    'handled inside.a.test. 0 NXDOMAIN x',
  ],
  ['a name that no block serves', testMessage('www.b.test. A'), 'unserved www.b.test. 0 REFUSED'],
  ['another class', testMessage('www.a.test. A CH'), 'rejected www.a.test. 0 REFUSED'],
  ['another version of EDNS', testMessage('www.a.test. A', { edns: { version: 1 } }), 'rejected www.a.test. 0 BADVERS'],
  ['another opcode', { ...testMessage('www.a.test. A'), opcode: Opcode.UPDATE }, 'rejected www.a.test. 0 NOTIMP'],
  [
    'two questions',
    {
      ...testMessage('www.a.test. A'),
      questions: [...testMessage('a.test. A').questions, ...testMessage('. A').questions],
    },
    'rejected a.test. 0 FORMERR',
  ],
])('%s is seen once, with what was sent', async (_, message, line) => {
  const { watch, send } = setUp();
  const { seen, octets } = follow(watch);
  const response = await send(message);
  expect(seen).toEqual([line]);
  expect(octets()).toBe(response?.length ?? 0);
});

test('a response that is given again is seen as such', async () => {
  const { watch, send, responder } = setUp();
  const { seen } = follow(watch);
  for (let i = 0; i < 4; i++) await send(testMessage('kept.a.test. A'));
  expect(responder.memo.hits).toBe(2);
  expect(seen.map((line) => line.split(' ')[0])).toEqual(['handled', 'handled', 'repeated', 'repeated']);
});

test('a zone transfer is seen once, after its last message', async () => {
  const { watch, send } = setUp();
  const { seen, octets } = follow(watch);
  const response = await send(testMessage('a.test. AXFR'), 'tcp');
  expect(seen).toEqual(['handled a.test. 0 NOERROR x']);
  expect(octets()).toBe(response!.length);
});

test.each([
  ['a message without a question', { ...testMessage('. A'), questions: [] }],
  ['a response', { ...testMessage('www.a.test. A'), qr: true }],
])('%s is not seen, as nothing was asked', async (_, message) => {
  const { watch, send } = setUp();
  const { seen } = follow(watch);
  await send(message);
  expect(seen).toEqual([]);
});

test('a follower that throws affects neither queries nor other followers', async () => {
  const { watch, send, lines } = setUp();
  watch.followers.add({
    query() {
      throw new Error('broken follower');
    },
  });
  const { seen } = follow(watch);
  expect(await send(testMessage('www.a.test. A'))).toBeInstanceOf(Buffer);
  expect(seen).toHaveLength(1);
  expect(lines.join()).toContain('broken follower');
});

test('a follower that has left sees nothing more, and others go on', async () => {
  const { watch, send } = setUp();
  const [first, second] = [follow(watch), follow(watch)];
  first.end();
  first.end();
  await send(testMessage('www.a.test. A'));
  expect([first.seen.length, second.seen.length]).toEqual([0, 1]);
  second.end();
  expect(watch.followers.all).toEqual([]);
});
