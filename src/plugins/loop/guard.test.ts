import { describe, expect, test } from 'vitest';
import { fakeClock } from '../../../test/support/clock.ts';
import { testQuery } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import type { Name } from '../../dns/name.ts';
import { beginExplaining } from '../../plugin/explained.ts';
import { createLoopGuard } from './guard.ts';

/** A guard whose probes come in `sightings` times before the answer, or the lack of one, is there. */
function setUp(zone = '.') {
  const clock = fakeClock();
  const events: string[] = [];
  const names: string[] = [];
  const admitted: boolean[] = [];
  const network = {
    sightings: 1,
    answers: true,
    arrive(name: Name) {
      for (let i = 0; i < network.sightings; i++) admitted.push(guard.admit(testQuery(`${name} HINFO`)));
    },
  };
  const guard = createLoopGuard({
    zone,
    clock,
    random: seededRandom(),
    async send(name) {
      names.push(name);
      network.arrive(name);
      return network.answers;
    },
    detected: () => events.push('detected'),
    healed: () => events.push('healed'),
  });
  return { guard, clock, events, names, network, admitted };
}

const ordinary = testQuery('example.org. A');

test('the probe is a name below the zone that nobody else asks for', async () => {
  const { guard, names } = setUp('example.org.');
  await guard.check();
  expect(names).toEqual([expect.stringMatching(/^\d+\.\d+\.example\.org\.$/)]);
});

test.each([1, 2])('a probe that comes in %i times is no loop, and the last one', async (sightings) => {
  const { guard, clock, events, network, admitted } = setUp();
  network.sightings = sightings;
  await guard.check();
  expect(admitted).not.toContain(false);
  expect(guard.admit(ordinary)).toBe(true);
  expect(events).toEqual([]);
  expect(clock.timers).toBe(0);
});

describe('a loop', () => {
  test('stops the probe, and all other queries', async () => {
    const { guard, events, network, admitted } = setUp();
    network.sightings = 5;
    await guard.check();
    expect(admitted).toEqual([true, true, false, false, false]);
    expect(guard.admit(ordinary)).toBe(false);
    expect(events).toEqual(['detected']);
  });

  test('is told again by later probes, until there is none any more', async () => {
    const { guard, clock, events, network, names } = setUp();
    network.sightings = 3;
    await guard.check();
    clock.advance(29_999);
    expect(names).toHaveLength(1);
    clock.advance(1);
    await guard.check();
    expect(events).toEqual(['detected', 'detected']);
    network.sightings = 1;
    clock.advance(60_000);
    await guard.check();
    expect(events).toEqual(['detected', 'detected', 'healed']);
    expect(guard.admit(ordinary)).toBe(true);
    expect(clock.timers).toBe(0);
    expect(new Set(names).size).toBe(3);
  });

  test('is not over because a probe is lost', async () => {
    const { guard, clock, events, network } = setUp();
    network.sightings = 3;
    await guard.check();
    Object.assign(network, { sightings: 0, answers: false });
    clock.advance(30_000);
    await guard.check();
    expect(guard.admit(ordinary)).toBe(false);
    expect(events).toEqual(['detected']);
  });
});

test('while nothing comes back, probes follow at growing distances up to five minutes', async () => {
  const { guard, clock, network, names } = setUp();
  network.answers = false;
  await guard.check();
  for (const [index, seconds] of [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].entries()) {
    clock.advance(seconds * 1000 - 1);
    expect(names).toHaveLength(index + 1);
    clock.advance(1);
    expect(names).toHaveLength(index + 2);
    await guard.check();
  }
  expect(guard.admit(ordinary)).toBe(true);
});

test.each([
  ['another type', (name: string) => testQuery(`${name} A`)],
  ['another name', () => testQuery('1.2. HINFO')],
  ['a lookup inside the server', (name: string) => ({ ...testQuery(`${name} HINFO`), depth: 1 })],
])('%s is no sighting', async (_, query) => {
  const { guard, events, network } = setUp();
  network.arrive = (name) => {
    for (let i = 0; i < 5; i++) expect(guard.admit(query(name))).toBe(true);
  };
  await guard.check();
  expect(events).toEqual([]);
});

test.each([
  ['with a response', true],
  ['without one', false],
])(
  'the name of a probe that has ended %s means nothing any more, as logs and upstreams know it',
  async (_, answers) => {
    const { guard, events, names, network } = setUp();
    network.answers = answers;
    await guard.check();
    for (let i = 0; i < 5; i++) expect(guard.admit(testQuery(`${names[0]} HINFO`))).toBe(true);
    expect(guard.admit(ordinary)).toBe(true);
    expect(events).toEqual([]);
  },
);

test('to explain a probe is no sighting', async () => {
  const { guard, events, network } = setUp();
  network.arrive = (name) => {
    for (let i = 0; i < 5; i++) {
      const query = testQuery(`${name} HINFO`);
      const end = beginExplaining(query.arrival);
      expect(guard.admit(query)).toBe(true);
      end();
    }
  };
  await guard.check();
  expect(events).toEqual([]);
});

describe('queries that were answered', () => {
  test.each([
    ['are sightings, where a plugin before this one held them back', 3, ['detected']],
    ['are no loop while they are few', 2, []],
  ])('%s', async (_, count, expected) => {
    const { guard, events, network } = setUp();
    network.arrive = (name) => {
      for (let i = 0; i < count; i++) guard.answered(testQuery(`${name} HINFO`));
      guard.answered(ordinary);
    };
    await guard.check();
    expect(events).toEqual(expected);
    expect(guard.admit(ordinary)).toBe(expected.length === 0);
  });

  test('are not counted twice', async () => {
    const { guard, events, network } = setUp();
    network.arrive = (name) => {
      for (let i = 0; i < 2; i++) {
        const query = testQuery(`${name} HINFO`);
        guard.admit(query);
        guard.answered({ ...query });
      }
    };
    await guard.check();
    expect(events).toEqual([]);
  });
});

test('after the end there are no probes', async () => {
  const { guard, clock, network } = setUp();
  network.answers = false;
  await guard.check();
  expect(clock.timers).toBe(1);
  guard.stop();
  expect(clock.timers).toBe(0);
});

test('a probe that ends after the end has no consequences', async () => {
  const { guard, clock, network } = setUp();
  network.answers = false;
  const check = guard.check();
  guard.stop();
  await check;
  expect(clock.timers).toBe(0);
});
