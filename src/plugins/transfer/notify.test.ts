import { expect, test } from 'vitest';
import { testEnv } from '../../../test/support/env.ts';
import { answerTo } from '../../../test/support/upstream.ts';
import { Opcode } from '../../dns/message.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Peer } from '../../net/transport.ts';
import { notifyCells } from './metrics.ts';
import { MIN_INTERVAL_MS, notifyOfChanges } from './notify.ts';
import { SETTLE_MS } from './pace.ts';

const PEERS: readonly Peer[] = [
  { address: '192.0.2.1', port: 53 },
  { address: '2001:db8::1', port: 5300 },
];

/** What the servers say: an rcode, or nothing, which is a time-out. */
function setUp(rcodes: readonly (number | undefined)[] = [], to: readonly Peer[] = PEERS.slice(0, 1)) {
  const env = testEnv({ name: 'transfer' });
  let serial = 1;
  const listeners = new Set<() => void>();
  const sent: { to: Peer; serial: number; octets: Uint8Array }[] = [];
  const soa = () => parseRecord(`a.test. 5 IN SOA ns.a.test. host.a.test. ${serial} 1 2 3 4`);
  let failure: Error | undefined;
  const source = {
    zones: ['a.test.'],
    zone() {
      if (failure) throw failure;
      return { serial, soa: soa(), records: () => [] };
    },
    onChange(_: string, listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const problems = new Map<string, string>();
  const stop = notifyOfChanges('a.test.', {
    problems,
    ...{ source, to, clock: env.clock, log: env.log, counts: notifyCells(env.metrics), sourceAddress: '192.0.2.53' },
    async exchange(octets, peer, timeoutMs, options) {
      expect([timeoutMs, options.sourceAddress]).toEqual([5000, '192.0.2.53']);
      const rcode = rcodes[sent.length];
      sent.push({ to: peer, serial, octets });
      if (rcode === undefined) throw new Error('i/o timeout');
      return encodeMessage(answerTo(decodeMessage(octets), [], { rcode }));
    },
  });
  return {
    ...{ env, sent, stop, listeners, problems },
    fail: (error: Error | undefined) => (failure = error),
    change() {
      serial++;
      for (const listener of listeners) listener();
    },
    async pass(ms: number) {
      env.clock.advance(ms);
      for (let i = 0; i < 20; i++) await Promise.resolve();
    },
  };
}

const ok = Array<number>(10).fill(0);

test('the first message tells the present version', async () => {
  const { sent, pass, env } = setUp(ok, PEERS);
  expect(sent).toEqual([]);
  await pass(MIN_INTERVAL_MS);
  expect(sent.map(({ to }) => to)).toEqual(PEERS);
  const message = decodeMessage(sent[0]!.octets);
  expect(message).toMatchObject({ qr: false, opcode: Opcode.NOTIFY, aa: true, rd: false });
  expect(message.questions).toEqual([{ name: 'a.test.', type: 6, class: 1 }]);
  expect(message.answer.map(printRecord)).toEqual(['a.test.\t5\tIN\tSOA\tns.a.test. host.a.test. 1 1 2 3 4']);
  expect(await env.exposed('cairn_notifies_total')).toEqual([
    'cairn_notifies_total{result="answered"} 2',
    'cairn_notifies_total{result="failed"} 0',
  ]);
});

test('secondary servers are notified at once, though once for changes that come together, and not too often', async () => {
  const { sent, pass, change, env } = setUp(ok);
  await pass(MIN_INTERVAL_MS);
  await pass(60_000);
  change();
  change();
  await pass(SETTLE_MS);
  expect(sent.map(({ serial }) => serial)).toEqual([1, 3]);
  for (let i = 0; i < 10; i++) change();
  await pass(MIN_INTERVAL_MS - 1);
  expect(sent).toHaveLength(2);
  await pass(1);
  expect(sent.map(({ serial }) => serial)).toEqual([1, 3, 13]);
  expect(env.clock.timers).toBe(0);
});

test.each([
  ['no answer', [undefined, undefined, undefined], 3, 'i/o timeout'],
  ['an answer in the end', [undefined, 0], 2, undefined],
  ['a refusal', [5], 1, 'REFUSED'],
])('with %s', async (_, rcodes, count, problem) => {
  const { sent, pass, env } = setUp(rcodes);
  await pass(MIN_INTERVAL_MS);
  expect(sent).toHaveLength(count);
  const line = `[WARNING] plugin/transfer: NOTIFY of a.test. to 192.0.2.1:53: ${problem}`;
  expect(env.lines).toEqual(problem === undefined ? [] : [line]);
});

test('an error of the plugin that has the zone is logged, and the next change is told', async () => {
  const { sent, pass, change, fail, env } = setUp(ok);
  fail(new Error('no luck'));
  await pass(MIN_INTERVAL_MS);
  expect([sent, env.lines]).toEqual([[], ['[ERROR] plugin/transfer: no NOTIFY of a.test.: no luck']]);
  fail(undefined);
  change();
  await pass(MIN_INTERVAL_MS);
  expect(sent.map(({ serial }) => serial)).toEqual([2]);
});

test('a server that does not answer delays no other, and is told of once', async () => {
  const { sent, pass, change, env } = setUp(
    [0, undefined, undefined, undefined, 0, undefined, undefined, undefined],
    PEERS,
  );
  await pass(MIN_INTERVAL_MS);
  change();
  await pass(MIN_INTERVAL_MS);
  expect(sent.map(({ to, serial }) => `${to.address} ${serial}`)).toEqual([
    ...['192.0.2.1 1', ...Array(3).fill('2001:db8::1 1'), '192.0.2.1 2', ...Array(3).fill('2001:db8::1 2')],
  ]);
  expect(env.lines).toEqual(['[WARNING] plugin/transfer: NOTIFY of a.test. to [2001:db8::1]:5300: i/o timeout']);
});

test('nothing is sent after the end', async () => {
  const { sent, pass, stop, listeners, env } = setUp(ok);
  stop();
  await pass(10_000);
  expect([sent, listeners.size, env.clock.timers]).toEqual([[], 0, 0]);
});

test('a server that takes no NOTIFY is known until it takes one, or the zone is gone', async () => {
  const { change, pass, problems, stop } = setUp([undefined, undefined, undefined, 5, 0, 5]);
  await pass(1000);
  expect([...problems]).toEqual([['a.test. to 192.0.2.1:53', 'i/o timeout']]);
  const next = async () => {
    change();
    await pass(MIN_INTERVAL_MS);
  };
  await next();
  expect([...problems.values()]).toEqual(['REFUSED']);
  await next();
  expect(problems.size).toBe(0);
  await next();
  expect(problems.size).toBe(1);
  stop();
  expect(problems.size).toBe(0);
});
