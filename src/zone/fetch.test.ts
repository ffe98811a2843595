import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { answerTo, type Script, startUpstream } from '../../test/support/upstream.ts';
import { printRecord } from '../dns/presentation.ts';
import { fetchSerial, fetchZone } from './fetch.ts';
import { contentOf } from './zone.ts';

const SOA = 'a.test. 5 IN SOA ns.a.test. host.a.test. 7 2 3 4 5';
const LATER = 'a.test. 5 IN SOA ns.a.test. host.a.test. 8 2 3 4 5';
const A = 'b.a.test. 5 IN A 192.0.2.1';

/** A server that gives these messages, and who asks it. */
async function primary(script: Script) {
  const server = await startUpstream(script);
  onTestFinished(() => server.close());
  const clock = fakeClock();
  const ending = new AbortController();
  const options = { clock, signal: ending.signal };
  return {
    ...{ server, clock, ending },
    serial: () => fetchSerial('a.test.', server, options),
    zone: () => fetchZone('a.test.', server, options),
  };
}

const messages =
  (...answers: readonly (readonly string[])[]): Script =>
  ({ message, reply }) => {
    for (const [i, answer] of answers.entries()) reply(answerTo(message, answer, i > 0 ? { questions: [] } : {}));
  };

test.each([
  ['one message', [[SOA, A, SOA]]],
  ['many messages', [[SOA], [A], [], [SOA]]],
])('a zone in %s', async (_, answers) => {
  const { zone, server, clock } = await primary(messages(...answers));
  const { soa, size, ...rest } = await zone();
  expect([soa.data.serial, size]).toEqual([7, 2]);
  expect([...contentOf({ soa, size, ...rest })].map(printRecord)).toEqual([A.replaceAll(' ', '\t')]);
  expect(server.received[0]).toMatchObject({ protocol: 'tcp', message: { rd: false, questions: [{ type: 252 }] } });
  expect(clock.timers).toBe(0);
});

test('a serial', async () => {
  const { serial, server } = await primary(messages([SOA]));
  expect(await serial()).toBe(7);
  expect(server.received[0]).toMatchObject({ protocol: 'tcp', message: { questions: [{ type: 6 }] } });
});

test.each<[string, Script, string]>([
  ['no SOA record', messages([A]), 'the transfer does not begin with the SOA record'],
  ['nothing in it', messages([]), 'the transfer is empty'],
  ['another SOA record at its end', messages([SOA, A, LATER]), 'the zone changed on the way, from serial 7 to 8'],
  [
    'a record of another zone',
    messages([SOA, 'b.test. 5 IN A 192.0.2.1', SOA]),
    'b.test. A lies outside the zone a.test.',
  ],
  ['a refusal', ({ message, reply }) => reply(answerTo(message, [], { rcode: 5 })), 'the server says REFUSED'],
  [
    'another question',
    ({ message, reply }) => reply(answerTo({ ...message, questions: [] }, [SOA])),
    'a message does not belong to the query',
  ],
  [
    'an early end',
    ({ message, reply, close }) => {
      reply(answerTo(message, [SOA]));
      setImmediate(close);
    },
    'the connection was closed before the end',
  ],
])('a transfer with %s fails', async (_, script, message) => {
  const { zone, clock } = await primary(script);
  await expect(zone()).rejects.toThrow(message);
  expect(clock.timers).toBe(0);
});

test('a reply without the SOA record has no serial', async () => {
  const { serial } = await primary(messages([A]));
  await expect(serial()).rejects.toThrow('the reply has no SOA record of a.test.');
});

test('silence is a time-out, and the end is one at once', async () => {
  const { zone, server, clock, ending } = await primary(() => {});
  const late = zone();
  await server.query(0);
  clock.advance(10_000);
  await expect(late).rejects.toThrow('i/o timeout');
  const ended = zone();
  await server.query(1);
  ending.abort(new Error('that is all'));
  await expect(ended).rejects.toThrow('that is all');
  await expect(zone()).rejects.toThrow('that is all');
  expect(clock.timers).toBe(0);
});
