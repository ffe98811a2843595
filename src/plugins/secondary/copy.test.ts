import { expect, test } from 'vitest';
import { testEnv } from '../../../test/support/env.ts';
import { parseRecord } from '../../dns/presentation.ts';
import type { Peer } from '../../net/transport.ts';
import { UpstreamError } from '../../net/upstream/error.ts';
import { ZoneBuilder, ZoneError } from '../../zone/builder.ts';
import { RcodeError } from '../../zone/fetch.ts';
import type { Zone } from '../../zone/zone.ts';
import { copyZone, FIRST_RETRY_MS, LAST_RETRY_MS, MIN_INTERVAL_MS } from './copy.ts';

const FIRST: Peer = { address: '192.0.2.1', port: 53 };
const SECOND: Peer = { address: '192.0.2.2', port: 53 };
/** Refresh 100 s, retry 20 s, expire 1000 s. */
const TIMES = '100 20 1000 5';

function zone(serial: number, times = TIMES) {
  const builder = new ZoneBuilder('a.test.');
  builder.add(parseRecord(`a.test. 5 IN SOA ns.a.test. host.a.test. ${serial} ${times}`));
  return builder.finish();
}

/** How servers answer IXFR, and what they say to queries that wait: `current`, or an error; undefined as long as they wait. */
interface Ixfr {
  failure?: Error;
  isWhole?: boolean;
  follow?: (known: Zone) => Promise<'current' | number>;
}

/** A copy from servers that have these serials, undefined for none, and what they were asked for. */
function setUp(
  serials: Record<string, number | undefined>,
  from: readonly Peer[] = [FIRST],
  times = TIMES,
  ixfr: Ixfr = {},
) {
  const env = { ...testEnv({ name: 'secondary' }), random: () => 0 };
  const asked: string[] = [];
  const answer = (what: string, { address }: Peer): number => {
    asked.push(`${what} ${address}`);
    const serial = serials[address];
    if (serial === undefined) throw new Error('i/o timeout');
    return serial;
  };
  const copy = copyZone(
    {
      ...{ origin: 'a.test.', from },
      fetch: {
        serial: async (_, peer) => answer('SOA', peer),
        zone: async (_, peer) => ({ zone: zone(answer('AXFR', peer), times), isFollowable: ixfr.follow !== undefined }),
        async changes(known, peer) {
          const serial = answer(`IXFR=${known.soa.data.serial}`, peer);
          if (ixfr.failure) throw ixfr.failure;
          return { zone: zone(serial, times), ...(!ixfr.isWhole && { differences: [] }) };
        },
        async follow(known) {
          asked.push(`follow ${known.soa.data.serial}`);
          const found = await ixfr.follow!(known);
          return found === 'current' ? found : { zone: zone(found, times), ...(!ixfr.isWhole && { differences: [] }) };
        },
      },
    },
    env,
  );
  return {
    ...{ env, asked, copy, serials },
    serial: () => copy.held.zone?.soa.data.serial,
    /** What was asked meanwhile. */
    async pass(ms: number) {
      asked.length = 0;
      env.clock.advance(ms);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      return [...asked];
    },
  };
}

test('a zone is copied, looked at when its refresh time is over, and copied again when its serial rose', async () => {
  const { copy, pass, serial, serials, env } = setUp({ '192.0.2.1': 7 });
  expect(copy.held.zone).toBeUndefined();
  copy.start();
  copy.start();
  await pass(0);
  expect(serial()).toBe(7);
  expect(await pass(99_999)).toEqual([]);
  expect(await pass(1)).toEqual(['SOA 192.0.2.1']);
  serials['192.0.2.1'] = 6;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1']);
  serials['192.0.2.1'] = 8;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1', 'IXFR=7 192.0.2.1']);
  expect(serial()).toBe(8);
  expect(env.lines).toEqual([
    '[INFO] plugin/secondary: a.test. has serial 7 from 192.0.2.1:53: 1 records',
    '[INFO] plugin/secondary: a.test. has serial 8 from 192.0.2.1:53: 1 records',
  ]);
  expect(await env.exposed('cairn_secondary')).toEqual([
    'cairn_secondary_refreshes_total{zone="a.test.",result="transferred"} 1',
    'cairn_secondary_refreshes_total{zone="a.test.",result="updated"} 1',
    'cairn_secondary_refreshes_total{zone="a.test.",result="current"} 2',
    'cairn_secondary_refreshes_total{zone="a.test.",result="failed"} 0',
  ]);
});

const SAID = new ZoneError('the server responded with NOTIMP');
const CLOSED = new UpstreamError('closed', 'the connection was closed before the end');
const LATE = new UpstreamError('timeout', 'i/o timeout');

test.each<[string, { failure?: Error; isWhole?: boolean }, string[], number]>([
  ['says that it cannot', { failure: SAID }, ['IXFR=7 192.0.2.1', 'AXFR 192.0.2.1'], 8],
  ['hangs up', { failure: CLOSED }, ['IXFR=7 192.0.2.1', 'AXFR 192.0.2.1'], 8],
  ['says nothing', { failure: LATE }, ['IXFR=7 192.0.2.1'], 7],
  ['gives the zone whole', { isWhole: true }, ['IXFR=7 192.0.2.1'], 8],
])('a server that is asked for differences and %s', async (_, ixfr, asked, now) => {
  const { copy, pass, serial, serials, env } = setUp({ '192.0.2.1': 7 }, [FIRST], TIMES, ixfr);
  copy.start();
  await pass(0);
  serials['192.0.2.1'] = 8;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1', ...asked]);
  expect(serial()).toBe(now);
  // It may drop such queries: the next time it is not asked for differences.
  if (now === 7) expect(await pass(20_000)).toEqual(['SOA 192.0.2.1', 'AXFR 192.0.2.1']);
  expect(await env.exposed('cairn_secondary_refreshes_total{zone="a.test.",result="transferred"}')).toEqual([
    'cairn_secondary_refreshes_total{zone="a.test.",result="transferred"} 2',
  ]);
  serials['192.0.2.1'] = 9;
  const next = ixfr.failure && now === 8 ? ['AXFR 192.0.2.1'] : ['IXFR=8 192.0.2.1'];
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1', ...next]);
});

test('before there is a copy it is tried ever more seldom, and told once', async () => {
  const { copy, pass, env, serials, serial } = setUp({});
  copy.start();
  await pass(0);
  for (let pause = FIRST_RETRY_MS; pause < LAST_RETRY_MS; pause *= 2) {
    expect(await pass(pause - 1)).toEqual([]);
    expect(await pass(1)).toEqual(['AXFR 192.0.2.1']);
  }
  await pass(LAST_RETRY_MS);
  expect(await pass(LAST_RETRY_MS)).toEqual(['AXFR 192.0.2.1']);
  expect(env.lines).toEqual(['[WARNING] plugin/secondary: a.test. cannot be copied from 192.0.2.1:53: i/o timeout']);
  serials['192.0.2.1'] = 1;
  await pass(LAST_RETRY_MS);
  expect(serial()).toBe(1);
});

test('a copy that cannot be refreshed is tried at its retry time, and served until it expires', async () => {
  const { copy, pass, serials, serial, env } = setUp({ '192.0.2.1': 7 });
  copy.start();
  await pass(0);
  serials['192.0.2.1'] = undefined;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1']);
  expect(await pass(20_000)).toEqual(['SOA 192.0.2.1']);
  await pass(1_000_000 - 120_001);
  const { epoch } = copy.held;
  const before = epoch.value;
  expect(serial()).toBe(7);
  await pass(1);
  expect(serial()).toBeUndefined();
  expect(epoch.value).toBe(before + 1);
  expect(copy.held.problem).toBe('no primary server could be asked for 1000 s, and the copy has expired');
  expect(env.lines.at(-1)).toContain('[ERROR] plugin/secondary: a.test.: no primary server');
  serials['192.0.2.1'] = 7;
  expect(await pass(20_000)).toEqual(['AXFR 192.0.2.1']);
  expect(serial()).toBe(7);
});

test('the next server is asked when one fails, or has nothing newer', async () => {
  const { copy, pass, serials, serial } = setUp({ '192.0.2.2': 7 }, [FIRST, SECOND]);
  copy.start();
  await pass(0);
  expect(serial()).toBe(7);
  serials['192.0.2.1'] = 7;
  serials['192.0.2.2'] = 9;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1', 'SOA 192.0.2.2', 'IXFR=7 192.0.2.2']);
  serials['192.0.2.1'] = undefined;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1', 'SOA 192.0.2.2']);
  serials['192.0.2.1'] = 10;
  expect(await pass(100_000)).toEqual(['SOA 192.0.2.1', 'IXFR=9 192.0.2.1']);
});

test('NOTIFY from a primary server leads to a look, though not more than one a second', async () => {
  const { copy, pass, serials, serial } = setUp({ '192.0.2.1': 7 });
  const notify = (address: string) => copy.held.notified!({ address, port: 4242 });
  copy.start();
  await pass(0);
  serials['192.0.2.1'] = 8;
  expect(notify('192.0.2.9')).toBe(false);
  expect(await pass(MIN_INTERVAL_MS)).toEqual([]);
  expect(notify('192.0.2.1')).toBe(true);
  await pass(0);
  expect(serial()).toBe(8);
  for (let i = 0; i < 10; i++) notify('192.0.2.1');
  expect(await pass(MIN_INTERVAL_MS - 1)).toEqual([]);
  expect(await pass(1)).toEqual(['SOA 192.0.2.1']);
});

test('one that comes while a server is asked is not lost', async () => {
  const { copy, pass } = setUp({ '192.0.2.1': 7 });
  copy.start();
  copy.held.notified!(FIRST);
  await pass(0);
  expect(await pass(MIN_INTERVAL_MS)).toEqual(['SOA 192.0.2.1']);
  expect(await pass(MIN_INTERVAL_MS)).toEqual([]);
});

test('times of 0 are no reason to ask all the time', async () => {
  const { copy, pass } = setUp({ '192.0.2.1': 7 }, [FIRST], '0 0 1000 5');
  copy.start();
  await pass(0);
  expect(await pass(MIN_INTERVAL_MS - 1)).toEqual([]);
  expect(await pass(1)).toEqual(['SOA 192.0.2.1']);
});

/** A server that lets queries wait, and what it tells. */
function following() {
  const answers: PromiseWithResolvers<'current' | number>[] = [];
  const follow = () => {
    const answer = Promise.withResolvers<'current' | number>();
    answers.push(answer);
    return answer.promise;
  };
  return {
    follow,
    tell: (found: 'current' | number) => answers.at(-1)!.resolve(found),
    fail: (error: Error) => answers.at(-1)!.reject(error),
  };
}

test('a server that lets queries wait is followed: each version comes at once, even if its serial is older', async () => {
  const { follow, tell } = following();
  const { copy, pass, serial, env } = setUp({ '192.0.2.1': 7 }, [FIRST], TIMES, { follow });
  copy.start();
  expect(await pass(0)).toEqual(['follow 7']);
  tell(8);
  expect(await pass(10)).toEqual(['follow 8']);
  tell(3);
  expect(await pass(10)).toEqual(['follow 3']);
  expect(serial()).toBe(3);
  // After the refresh time there is nothing to do but to wait.
  expect(await pass(200_000)).toEqual([]);
  tell('current');
  await pass(0);
  expect(await pass(0)).toEqual(['follow 3']);
  // A server without room for queries that wait is asked once a second.
  tell('current');
  await pass(0);
  expect(await pass(MIN_INTERVAL_MS - 1)).toEqual([]);
  expect(await pass(1)).toEqual(['follow 3']);
  expect(env.lines).toEqual(['[INFO] plugin/secondary: a.test. has serial 7 from 192.0.2.1:53: 1 records']);
});

test.each([
  ['is closed', CLOSED],
  ['is silent', LATE],
  ['is busy', new RcodeError(2)],
])('a followed server that %s is asked again soon, and then more seldom', async (_, error) => {
  const { follow, tell, fail } = following();
  const { copy, pass, serial } = setUp({ '192.0.2.1': 7 }, [FIRST], TIMES, { follow });
  copy.start();
  await pass(5000);
  for (let pause = FIRST_RETRY_MS; pause <= 4 * FIRST_RETRY_MS; pause *= 2) {
    fail(error);
    await pass(0);
    expect(await pass(Math.max(pause, MIN_INTERVAL_MS) - 1)).toEqual([]);
    expect(await pass(1)).toEqual(['follow 7']);
  }
  tell(8);
  await pass(0);
  expect(serial()).toBe(8);
});

test('changes that do not fit are no reason to copy the zone whole more than once a second', async () => {
  const { follow, fail } = following();
  const { copy, pass, env } = setUp({ '192.0.2.1': 7 }, [FIRST], TIMES, { follow });
  copy.start();
  await pass(5000);
  for (let i = 0; i < 3; i++) {
    fail(new ZoneError('the content of the copy is not that of the server'));
    expect(await pass(0)).toEqual(['AXFR 192.0.2.1']);
    expect(await pass(MIN_INTERVAL_MS)).toEqual(['follow 7']);
  }
  expect(env.lines).toContain(
    '[INFO] plugin/secondary: a.test. is copied whole from 192.0.2.1:53: its changes are of no use: the content of the copy is not that of the server',
  );
});

test('nothing happens after the end', async () => {
  const { copy, pass, env } = setUp({ '192.0.2.1': 7 });
  copy.start();
  await pass(0);
  await copy.stop?.();
  expect([await pass(1_000_000), env.clock.timers]).toEqual([[], 0]);
});

test('the status tells whether a copy is confirmed, and when it expires', async () => {
  const { copy, pass, serials } = setUp({});
  expect(copy.status()).toEqual({ what: 'a.test. of 192.0.2.1:53', state: 'waiting', objects: 0 });
  copy.start();
  await pass(0);
  expect(copy.status()).toMatchObject({
    state: 'failing',
    problem: 'it was not copied yet (192.0.2.1:53: i/o timeout)',
  });
  serials['192.0.2.1'] = 7;
  await pass(FIRST_RETRY_MS);
  await pass(10_000);
  expect(copy.status()).toEqual({
    ...{ what: 'a.test. of 192.0.2.1:53', state: 'ok', objects: 1, serial: 7, ageSeconds: 10, expiresInSeconds: 990 },
  });
  serials['192.0.2.1'] = undefined;
  await pass(90_000);
  expect(copy.status()).toMatchObject({
    state: 'degraded',
    problem: '192.0.2.1:53: i/o timeout',
    expiresInSeconds: 900,
  });
  for (let i = 0; i < 50; i++) await pass(20_000);
  expect(copy.status()).toMatchObject({
    state: 'failing',
    problem: 'no primary server could be asked for 1000 s, and the copy has expired (192.0.2.1:53: i/o timeout)',
  });
  expect(copy.status().expiresInSeconds).toBeLessThan(0);
});
