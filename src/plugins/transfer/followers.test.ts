import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { offered, testEnv } from '../../../test/support/env.ts';
import { makePlugin, nextHandler } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { OWN_UDP_SIZE } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { TRANSFERS } from '../../plugin/keys.ts';
import type { Reply } from '../../plugin/reply.ts';
import type { TransferableZone, TransferSource } from '../../plugin/transfer.ts';
import { askVersion, toldVersion, VERSION_OPTION } from '../../zone/version-option.ts';
import { Followers, MAX_AT_ONCE, MIN_INTERVAL_MS } from './followers.ts';
import transfer from './index.ts';
import { transferCells } from './metrics.ts';
import { SETTLE_MS } from './pace.ts';

const digestOf = (serial: number) => serial.toString(16).padStart(32, '0');

/** A zone with these versions, and how often it was looked at. */
function setUp(most?: number) {
  const env = testEnv({ name: 'transfer' });
  const listeners = new Set<() => void>();
  const state = { serial: 1, looks: 0, digesting: undefined as Promise<void> | undefined };
  const source: TransferSource = {
    zones: ['a.test.'],
    zone() {
      state.looks++;
      const { serial, digesting } = state;
      return { serial, digest: digestOf(serial), digesting } as TransferableZone;
    },
    onChange(_, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const cells = transferCells(env.metrics, 'dns://:53');
  const followers = new Followers(env.clock, cells.waiting, most);
  const released: string[] = [];
  const wait = (who: string, serial = state.serial, seconds = 60) =>
    void followers
      .wait('a.test.', source, { serial, digest: digestOf(serial) }, seconds)
      .then(() => released.push(`${who} ${state.serial}`));
  return {
    ...{ env, state, followers, wait, listeners, waiting: cells.waiting, released },
    change() {
      state.serial++;
      for (const listener of [...listeners]) listener();
    },
    async pass(ms: number) {
      env.clock.advance(ms);
      for (let i = 0; i < 20; i++) await Promise.resolve();
      return released.splice(0);
    },
  };
}

test('queries wait for a version that is new to their clients', async () => {
  const { wait, pass, change, waiting } = setUp();
  wait('a');
  wait('b');
  expect(await pass(1000)).toEqual([]);
  expect(waiting.value).toBe(2);
  change();
  change();
  expect(await pass(SETTLE_MS)).toEqual(['a 3', 'b 3']);
  expect(waiting.value).toBe(0);
});

test('versions come at most ten times a second, however often the zone changes and clients ask', async () => {
  const { wait, pass, change, state } = setUp();
  let count = 0;
  wait('a');
  for (let ms = 0; ms < 1000; ms++) {
    if (ms % 2 === 0) change();
    for (const _ of await pass(1)) {
      count++;
      wait('a');
    }
  }
  // At once, and then after each interval.
  expect([count, state.looks]).toEqual([11, 11]);
});

test('a client with an older version is answered when the next version is due', async () => {
  const { wait, pass } = setUp();
  wait('a', 0);
  expect(await pass(0)).toEqual(['a 1']);
  wait('a', 0);
  expect(await pass(MIN_INTERVAL_MS - 1)).toEqual([]);
  expect(await pass(1)).toEqual(['a 1']);
});

test('after its time a query is answered without a new version', async () => {
  const { wait, pass, env } = setUp();
  wait('a', 1, 5);
  expect(await pass(4999)).toEqual([]);
  expect(await pass(1)).toEqual(['a 1']);
  expect(env.clock.timers).toBe(0);
});

test('many queries are answered one part after the other', async () => {
  const { wait, pass, change, released } = setUp();
  for (let i = 0; i < MAX_AT_ONCE + 1; i++) wait(`${i}`);
  await pass(MIN_INTERVAL_MS);
  change();
  const first = await pass(SETTLE_MS);
  expect(first.length).toBeLessThan(50);
  while (first.length + released.length < MAX_AT_ONCE) await setImmediate();
  expect(first.concat(released.splice(0)).map((each) => each.split(' ')[0])).toEqual(
    Array.from({ length: MAX_AT_ONCE }, (_, i) => `${i}`),
  );
  expect(await pass(MIN_INTERVAL_MS - 1)).toEqual([]);
  expect(await pass(1)).toEqual([`${MAX_AT_ONCE} 2`]);
});

test('if too many queries wait, the one that has waited longest is answered', async () => {
  const { wait, pass } = setUp(2);
  for (const who of ['a', 'b', 'c']) wait(who);
  expect(await pass(0)).toEqual(['a 1']);
});

test('a zone whose digest is not known yet answers nobody', async () => {
  const { wait, pass, state } = setUp();
  const { promise, resolve } = Promise.withResolvers<void>();
  state.digesting = promise;
  wait('a', 0);
  expect(await pass(1000)).toEqual([]);
  state.digesting = undefined;
  resolve();
  await pass(0);
  expect(await pass(MIN_INTERVAL_MS)).toEqual(['a 1']);
});

test('a zone that nobody waits for is followed for a minute only', async () => {
  const { wait, pass, change, listeners, state } = setUp();
  wait('a');
  await pass(0);
  change();
  expect(await pass(60_000)).toEqual(['a 2']);
  change();
  expect(listeners.size).toBe(1);
  await pass(1);
  change();
  expect([listeners.size, state.looks]).toEqual([0, 2]);
});

test('at the end all are answered, and none waits any more', async () => {
  const { wait, pass, followers, listeners, env, waiting } = setUp();
  wait('a');
  await pass(0);
  followers.stop();
  wait('b');
  expect(await pass(0)).toEqual(['a 1', 'b 1']);
  expect([listeners.size, env.clock.timers, waiting.value]).toEqual([0, 0, 0]);
});

/** The plugin before one that has a zone, asked for IXFR with the version option. */
function plugin(zone: Partial<TransferableZone>) {
  const soa = (serial: number) => parseRecord(`a.test. 5 IN SOA ns.a.test. host.a.test. ${serial} 1 2 3 4`);
  const whole = { serial: 100, soa: soa(100), records: () => [parseRecord('a.test. 5 IN NS ns.a.test.')], ...zone };
  const source: TransferSource = { zones: ['a.test.'], zone: () => whole, onChange: () => () => {} };
  const made = makePlugin(transfer, 'transfer {\nto *\n}', { offers: [offered('file', TRANSFERS, source)] });
  const handler = made.plugin.wrap!(nextHandler);
  return {
    ...made,
    ask(serial: number, digest: string | undefined, waitSeconds = 0, protocol: 'tcp' | 'udp' = 'tcp') {
      const options = [askVersion({ digest, waitSeconds })];
      const query = testQuery('a.test. IXFR', { protocol, edns: { options } });
      return handler({ ...query, message: { ...query.message, authority: [soa(serial)] } });
    },
  };
}

const told = ({ ednsOptions = [], answer, following }: Reply) => [
  toldVersion({ udpSize: OWN_UDP_SIZE, version: 0, do: false, options: ednsOptions }),
  answer.length + [...(following ?? [])].length,
];

test.each<[string, number, string | undefined, string | undefined, boolean]>([
  ['the same digest and another serial', 200, digestOf(7), digestOf(7), true],
  ['another digest and the same serial', 100, digestOf(8), digestOf(7), false],
  ['another digest and a later serial', 101, digestOf(8), digestOf(7), false],
  ['a digest where the server has none', 100, digestOf(8), undefined, true],
  ['a digest where the server has none, and an older serial', 99, digestOf(8), undefined, false],
  ['no digest', 99, undefined, digestOf(7), false],
])('a client with %s', (_, serial, its, digest, isCurrent) => {
  const { ask } = plugin({ digest });
  expect(told(ask(serial, its) as Reply)).toEqual([{ digest, isCurrent }, isCurrent ? 1 : 3]);
});

test('a query over TCP waits if it says so, until the plugin is drained', async () => {
  const { ask, plugin: made, env } = plugin({ digest: digestOf(7) });
  expect(ask(100, digestOf(7), 10, 'udp')).not.toBeInstanceOf(Promise);
  const waiting = ask(100, digestOf(7), 10);
  expect(await env.exposed('cairn_zone_transfers_waiting')).toEqual([
    'cairn_zone_transfers_waiting{server="dns://:53"} 1',
  ]);
  made.drain!();
  expect(told(await waiting)).toEqual([{ digest: digestOf(7), isCurrent: true }, 1]);
});

test('options that cannot be read are as none', () => {
  for (const octets of [[], [1, 2], Array(18).fill(0)]) {
    const edns = {
      udpSize: 512,
      version: 0,
      do: false,
      options: [{ code: VERSION_OPTION, data: Uint8Array.from(octets) }],
    };
    expect(toldVersion(edns)).toBeUndefined();
  }
});
