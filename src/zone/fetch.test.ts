import { expect, onTestFinished, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { answerTo, type Script, startUpstream } from '../../test/support/upstream.ts';
import { parseRecord, printRecord } from '../dns/presentation.ts';
import { ZoneBuilder } from './builder.ts';
import { fetchChanges, fetchSerial, fetchZone } from './fetch.ts';
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

/** The version 5 of the zone, with these records. */
function knownZone(...lines: readonly string[]) {
  const builder = new ZoneBuilder('a.test.');
  for (const line of [soa(5), ...lines]) builder.add(parseRecord(line));
  return builder.finish();
}
const soa = (serial: number) => SOA.replace('7 2', `${serial} 2`);
const host = (name: string, address = '192.0.2.1') => `${name}.a.test. 5 IN A ${address}`;

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
  const fetched = await zone();
  expect([fetched.zone.soa.data.serial, fetched.zone.size]).toEqual([7, 2]);
  expect([...contentOf(fetched.zone)].map(printRecord)).toEqual([A.replaceAll(' ', '\t')]);
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
  [
    'another SOA record at its end',
    messages([SOA, A, LATER]),
    'the zone changed during the transfer, from serial 7 to 8',
  ],
  [
    'a record of another zone',
    messages([SOA, 'b.test. 5 IN A 192.0.2.1', SOA]),
    'b.test. A lies outside the zone a.test.',
  ],
  [
    'a refusal',
    ({ message, reply }) => reply(answerTo(message, [], { rcode: 5 })),
    'the server responded with REFUSED',
  ],
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
  await expect(serial()).rejects.toThrow('the response has no SOA record of a.test.');
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

const KNOWN = [
  host('gone'),
  host('kept'),
  host('x.moved'),
  'multi.a.test. 5 IN A 192.0.2.1',
  'multi.a.test. 5 IN A 192.0.2.2',
];
/** From 5 to 6, and from 6 to 7. */
const DIFFERENCES = [
  ...[soa(5), host('gone'), host('MULTI'), soa(6), host('new'), host('multi', '192.0.2.3')],
  ...[soa(6), host('new'), host('x.moved'), soa(7), host('new', '192.0.2.9')],
];
const CHANGED = [host('kept'), host('multi', '192.0.2.2'), host('multi', '192.0.2.3'), host('new', '192.0.2.9')];
const tabbed = (lines: readonly string[]) => lines.map((line) => line.replaceAll(' ', '\t'));

test.each<[string, string[][], boolean, string[]]>([
  ['in one message', [[soa(7), ...DIFFERENCES, soa(7)]], true, CHANGED],
  ['in a message for each record', [soa(7), ...DIFFERENCES, soa(7)].map((line) => [line]), true, CHANGED],
  ['one alone', [[soa(7), soa(5), soa(7), host('new'), soa(7)]], true, [...KNOWN, host('new')]],
  [
    'none, but the zone',
    [
      [soa(7), host('new')],
      [host('other'), soa(7)],
    ],
    false,
    [host('new'), host('other')],
  ],
  ['none, but a zone without other records', [[soa(7), soa(7)]], false, []],
])('differences: %s', async (_, answers, isIncremental, content) => {
  const { server, clock, ending } = await primary(messages(...answers));
  const known = knownZone(...KNOWN);
  const fetched = await fetchChanges(known, server, { clock, signal: ending.signal });
  expect(fetched.differences !== undefined).toBe(isIncremental);
  expect(fetched.zone.soa.data.serial).toBe(7);
  expect([...contentOf(fetched.zone)].map(printRecord).sort()).toEqual(tabbed(content).sort());
  expect(fetched.zone.nodes.has('moved.a.test.')).toBe(content === KNOWN || content.includes(host('x.moved')));
  expect([...contentOf(known)].map(printRecord)).toEqual(tabbed(KNOWN));
  const { message } = server.received[0]!;
  expect(message.questions[0]!.type).toBe(251);
  expect(message.authority).toMatchObject([{ data: { serial: 5 } }]);
});

test.each<[string, string[][], string]>([
  ['nothing newer', [[soa(5)]], 'serial 5 is not newer'],
  ['something older', [[soa(4)]], 'serial 4 is not newer'],
  ['nothing', [[]], 'the transfer is empty'],
  [
    'a record to go that is not there',
    [[soa(7), soa(5), host('nope'), soa(7), soa(7)]],
    'nope.a.test. A should be deleted, but is not in the zone',
  ],
  [
    'a record to come that is there',
    [[soa(7), soa(5), soa(7), host('kept'), soa(7)]],
    'kept.a.test. A should be added, but is already in the zone',
  ],
  [
    'a gap between differences',
    [[soa(7), soa(5), soa(6), soa(4), soa(7), soa(7)]],
    'a difference begins with serial 4, expecting 6',
  ],
  ['another end', [[soa(7), soa(5), soa(7), soa(8)]], 'the zone changed during the transfer, from serial 7 to 8'],
  [
    'what no zone can be',
    [[soa(7), soa(5), soa(7), 'kept.a.test. 5 IN CNAME a.test.', soa(7)]],
    'a name with a CNAME record has no other records',
  ],
])('differences with %s fail', async (_, answers, message) => {
  const { server, clock, ending } = await primary(messages(...answers));
  await expect(fetchChanges(knownZone(...KNOWN), server, { clock, signal: ending.signal })).rejects.toThrow(message);
  expect(clock.timers).toBe(0);
});
