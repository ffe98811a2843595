import { beforeEach, describe, expect, test } from 'vitest';
import { type FakeClock, fakeClock } from '../../../test/support/clock.ts';
import { Registry } from '../../registry/registry.ts';
import { convertEndpointSlice } from '../objects/endpoint-slice.ts';
import { HOLD_MS, holdEndpoints } from './held-endpoints.ts';

let clock: FakeClock;
let registry: Registry;
let slices: ReturnType<typeof holdEndpoints>;

beforeEach(() => {
  clock = fakeClock();
  registry = new Registry(clock);
  slices = holdEndpoints(registry, clock);
});

/** A slice of the service `web`, or of the one before the colon: `a` is ready, `!a` is not. */
function set(name: string, addresses: string): void {
  const [service = 'web', list = ''] = addresses.includes(':') ? addresses.split(':') : ['web', addresses];
  const object = {
    metadata: { namespace: 'shop', name, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: list
      .split(' ')
      .filter(Boolean)
      .map((word) => ({
        addresses: [`10.0.0.${word.replace('!', '')}`],
        conditions: { ready: !word.startsWith('!') },
      })),
  };
  slices.set(convertEndpointSlice(object)!, object);
}

/** Two changes, one after the other. */
function both(first: () => void, second: () => void): void {
  first();
  second();
}

/** The last octets of the service's addresses. */
function served(service = 'web'): string {
  const addresses = registry.slicesOf('shop', service).flatMap(({ endpoints }) => endpoints.map((e) => e.address));
  return [...new Set(addresses.map((address) => address.split('.').at(-1)))].sort().join(' ');
}

describe('an endpoint that vanishes from its slice', () => {
  test.each<[string, () => void, string, string]>([
    ['and is nowhere else', () => set('x', '1'), '1 2', '1'],
    ['which is then deleted', () => slices.delete('shop', 'x'), '1 2', ''],
    ['as it is not ready', () => set('x', '1 !2'), '1', '1'],
    [
      'and is in another one of the service already',
      () =>
        both(
          () => set('y', '2'),
          () => set('x', '1'),
        ),
      '1 2',
      '1 2',
    ],
    [
      'and is in another one of another service',
      () =>
        both(
          () => set('y', 'db:2'),
          () => set('x', '1'),
        ),
      '1 2',
      '1',
    ],
    [
      'and comes to another one',
      () =>
        both(
          () => set('x', '1'),
          () => set('y', '2'),
        ),
      '1 2',
      '1 2',
    ],
    [
      'and comes to another one not ready',
      () =>
        both(
          () => set('x', '1'),
          () => set('y', '!2'),
        ),
      '1',
      '1',
    ],
    [
      'and comes back',
      () =>
        both(
          () => set('x', '1'),
          () => set('x', '1 2'),
        ),
      '1 2',
      '1 2',
    ],
    [
      'and a slice of another service changes',
      () =>
        both(
          () => set('x', '1'),
          () => set('y', 'db:2'),
        ),
      '1 2',
      '1',
    ],
    [
      'one after the other',
      () =>
        both(
          () => set('x', '1'),
          () => set('x', ''),
        ),
      '1 2',
      '',
    ],
    ['as its slice is given to another service', () => set('x', 'db:1 2'), '1 2', ''],
  ])('%s', (_, change, atOnce, afterwards) => {
    set('x', '1 2');
    change();
    expect(served()).toBe(atOnce);
    clock.advance(HOLD_MS);
    expect(served()).toBe(afterwards);
    expect(clock.timers).toBe(0);
    expect([...registry.slices()].filter(({ name }) => name.startsWith('held:'))).toEqual([]);
  });

  test('is held for a second, though others vanish meanwhile', () => {
    set('x', '1 2 3');
    set('x', '1 2');
    clock.advance(HOLD_MS / 2);
    set('x', '1');
    clock.advance(HOLD_MS / 2);
    expect(served()).toBe('1 2');
    clock.advance(HOLD_MS / 2);
    expect(served()).toBe('1');
  });

  test('is held for as long as a list is under way, and a second from then on', () => {
    set('x', '1 2');
    slices.listing!(true);
    set('x', '1');
    clock.advance(60_000);
    expect(served()).toBe('1 2');
    slices.listing!(false);
    clock.advance(HOLD_MS - 1);
    expect(served()).toBe('1 2');
    clock.advance(1);
    expect(served()).toBe('1');
  });
});

test('a slice that is split never loses an address, in any order of events', () => {
  const steps = [() => set('a', '1 2'), () => set('b', '3 4'), () => set('c', '5 6')];
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    set('a', '1 2 3 4 5 6');
    for (const at of order) {
      steps[at]!();
      expect(served()).toBe('1 2 3 4 5 6');
    }
    clock.advance(HOLD_MS);
    expect(served()).toBe('1 2 3 4 5 6');
    slices.delete('shop', 'b');
    slices.delete('shop', 'c');
  }
});

test('an address in another cluster of the set is another endpoint', () => {
  const imported = holdEndpoints(registry.imports, clock);
  const put = (name: string, cluster: string, addresses: string[]) =>
    imported.set(
      {
        ...{ namespace: 'shop', name, service: 'web', cluster, ports: [] },
        endpoints: addresses.map((address) => ({ address })),
      },
      {},
    );
  const east = () =>
    registry.imports
      .slicesOf('shop', 'web')
      .filter(({ cluster }) => cluster === 'east')
      .flatMap(({ endpoints }) => endpoints.map(({ address }) => address));
  put('e', 'east', ['10.0.0.1', '10.0.0.2']);
  put('w', 'west', ['10.0.0.2']);
  put('e', 'east', ['10.0.0.1']);
  put('w', 'west', ['10.0.0.2', '10.0.0.3']);
  expect(east().sort()).toEqual(['10.0.0.1', '10.0.0.2']);
  clock.advance(HOLD_MS);
  expect(east()).toEqual(['10.0.0.1']);
});

test('held endpoints are none of the records of the API', () => {
  set('x', '1');
  slices.delete('shop', 'x');
  expect([...slices.records()]).toEqual([]);
  expect(registry.counts().slices).toBe(1);
  slices.stop();
  expect(clock.timers).toBe(0);
});

test('endpoints that terminate are not held', () => {
  set('a', '1');
  const slice = registry.slice('shop', 'a')!;
  registry.setSlice({ ...slice, terminating: [{ address: '10.0.0.2' }] });
  slices.delete('shop', 'a');
  expect(registry.slicesOf('shop', 'web').map(({ endpoints, terminating }) => [endpoints.length, terminating])).toEqual(
    [[1, undefined]],
  );
});
