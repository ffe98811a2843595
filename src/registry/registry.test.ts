import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../observe/clock.ts';
import { type EndpointSlice, NO_PORT, type Pod, type Service } from './records.ts';
import { Registry } from './registry.ts';

const START_S = 1_700_000_000;

function registryAt(startS = START_S) {
  const time = { s: startS };
  const clock = { now: () => time.s * 1000 } as Clock;
  return { registry: new Registry(clock), time };
}

function service(namespace: string, name: string, ...clusterIPs: string[]): Service {
  const ports = [{ name: '', protocol: 'tcp', port: NO_PORT }];
  return { namespace, name, type: 'ClusterIP', headless: false, clusterIPs, externalName: '', ports, externalIPs: [] };
}

function slice(namespace: string, name: string, ofService: string, ...ips: string[]): EndpointSlice {
  const ports = [{ name: 'http', protocol: 'tcp', port: 80 }];
  return { namespace, name, service: ofService, ports, endpoints: ips.map((ip) => ({ addresses: [ip] })) };
}

function pod(namespace: string, name: string, ...ips: string[]): Pod {
  return { namespace, name, ips, hostNetwork: false, labels: {} };
}

const names = (records: readonly { namespace: string; name: string }[]) =>
  records.map(({ namespace, name }) => `${namespace}/${name}`);

describe('records are found', () => {
  test('by name', () => {
    const { registry } = registryAt();
    registry.setNamespace({ name: 'prod' });
    registry.setService(service('prod', 'web', '10.96.0.1'));
    expect(registry.namespace('prod')).toEqual({ name: 'prod' });
    expect(registry.service('prod', 'web')?.clusterIPs).toEqual(['10.96.0.1']);
    expect(registry.namespace('toString')).toBeUndefined();
    expect(registry.service('test', 'web')).toBeUndefined();
  });

  test('by address, and no longer once the address has moved or the record is gone', () => {
    const { registry } = registryAt();
    registry.setService(service('prod', 'a', '10.96.0.1', 'fd00::1'));
    registry.setService(service('prod', 'b', '10.96.0.1'));
    registry.setService(service('prod', 'c', '10.96.0.1'));
    expect(names(registry.servicesAt('10.96.0.1'))).toEqual(['prod/a', 'prod/b', 'prod/c']);
    registry.setService(service('prod', 'a', '10.96.0.2'));
    expect(names(registry.servicesAt('10.96.0.1'))).toEqual(['prod/b', 'prod/c']);
    expect(names(registry.servicesAt('fd00::1'))).toEqual([]);
    registry.deleteService('prod', 'b');
    expect(names(registry.servicesAt('10.96.0.1'))).toEqual(['prod/c']);
    registry.deleteService('prod', 'c');
    expect(names(registry.servicesAt('10.96.0.1'))).toEqual([]);
  });

  test('endpoints of all slices that hold the address', () => {
    const { registry } = registryAt();
    registry.setSlice(slice('prod', 'web-1', 'web', '10.244.0.1', '10.244.0.2', '10.244.0.1'));
    registry.setSlice(slice('prod', 'db-1', 'db', '10.244.0.1'));
    const found = registry.endpointsAt('10.244.0.1').map(({ slice: { name }, endpoint }) => [name, endpoint.addresses]);
    expect(found).toEqual([
      ['web-1', ['10.244.0.1']],
      ['web-1', ['10.244.0.1']],
      ['db-1', ['10.244.0.1']],
    ]);
    registry.setSlice(slice('prod', 'web-1', 'web', '10.244.0.2'));
    expect(registry.endpointsAt('10.244.0.1').map((place) => place.slice.name)).toEqual(['db-1']);
  });

  test('pods by address', () => {
    const { registry } = registryAt();
    registry.setPod(pod('prod', 'web-0', '10.244.0.1', 'fd00::1'));
    expect(names(registry.podsAt('fd00::1'))).toEqual(['prod/web-0']);
    registry.deletePod('prod', 'web-0');
    expect(names(registry.podsAt('fd00::1'))).toEqual([]);
  });

  test('the slices of a service together, whichever service a slice moves to', () => {
    const { registry } = registryAt();
    registry.setSlice(slice('prod', 'web-1', 'web', '10.244.0.1'));
    registry.setSlice(slice('prod', 'web-2', 'web', 'fd00::1'));
    registry.setSlice(slice('test', 'web-1', 'web', '10.244.0.9'));
    expect(names(registry.slicesOf('prod', 'web'))).toEqual(['prod/web-1', 'prod/web-2']);
    registry.setSlice(slice('prod', 'web-1', 'db', '10.244.0.1'));
    expect(names(registry.slicesOf('prod', 'web'))).toEqual(['prod/web-2']);
    expect(names(registry.slicesOf('prod', 'db'))).toEqual(['prod/web-1']);
    registry.deleteSlice('prod', 'web-2');
    expect(registry.slicesOf('prod', 'web')).toEqual([]);
  });
});

describe('partial reverse names', () => {
  const V4: [number[], boolean][] = [
    [[], true],
    [[10], true],
    [[10, 96], true],
    [[10, 96, 0], true],
    [[10, 96, 0, 1], false],
    [[10, 9], false],
    [[1], false],
  ];

  test.each(V4)('octets %j: %s', (octets, expected) => {
    const { registry } = registryAt();
    registry.setService(service('prod', 'web', '10.96.0.1'));
    expect(registry.hasReversePrefix(octets, 4)).toBe(expected);
    expect(registry.hasReversePrefix([], 6)).toBe(false);
  });

  test.each([
    [[], true],
    [[15], true],
    [[15, 13, 0, 0], true],
    [[15, 13, 0, 1], false],
    [[1], false],
  ])('nibbles %j: %s', (nibbles, expected) => {
    const { registry } = registryAt();
    registry.setSlice(slice('prod', 'web', 'web', 'fd00::1'));
    expect(registry.hasReversePrefix(nibbles, 6)).toBe(expected);
  });

  test('follow changes after the first question', () => {
    const { registry } = registryAt();
    expect(registry.hasReversePrefix([10], 4)).toBe(false);
    registry.setService(service('prod', 'web', '10.96.0.1'));
    registry.setSlice(slice('prod', 'web', 'web', '10.96.0.1', '10.97.0.1'));
    expect(registry.hasReversePrefix([10, 96], 4)).toBe(true);
    registry.deleteService('prod', 'web');
    expect(registry.hasReversePrefix([10, 96], 4)).toBe(true);
    registry.setSlice(slice('prod', 'web', 'web', '10.97.0.1'));
    expect(registry.hasReversePrefix([10, 96], 4)).toBe(false);
    expect(registry.hasReversePrefix([10, 97], 4)).toBe(true);
  });
});

describe('the serial', () => {
  test('is 0 at first, then the time of the last change', () => {
    const { registry, time } = registryAt();
    expect(registry.serial).toBe(0);
    time.s += 10;
    registry.setService(service('prod', 'web', '10.96.0.1'));
    time.s += 10;
    expect(registry.serial).toBe(START_S + 10);
  });

  test('differs for two changes within a second and never runs back with the clock', () => {
    const { registry, time } = registryAt();
    registry.setNamespace({ name: 'a' });
    expect(registry.serial).toBe(START_S);
    registry.setNamespace({ name: 'b' });
    expect(registry.serial).toBe(START_S + 1);
    time.s -= 3600;
    registry.deleteNamespace('b');
    expect(registry.serial).toBe(START_S + 2);
  });

  test('does not run ahead while nobody looks', () => {
    const { registry } = registryAt();
    for (let i = 0; i < 1000; i++) registry.setNamespace({ name: `n${i}` });
    expect(registry.serial).toBe(START_S);
  });

  test.each<[string, (registry: Registry) => void]>([
    ['an equal service', (registry) => registry.setService(service('prod', 'web', '10.96.0.1'))],
    ['an equal slice', (registry) => registry.setSlice(slice('prod', 'web', 'web', '10.244.0.1'))],
    ['an equal pod', (registry) => registry.setPod(pod('prod', 'web-0', '10.244.0.1'))],
    ['an equal namespace', (registry) => registry.setNamespace({ name: 'prod' })],
    ['the loss of what was not there', (registry) => registry.deleteService('prod', 'other')],
    ['an equal snapshot', (registry) => registry.replaceAll(SNAPSHOT)],
  ])('does not move for %s', (_, act) => {
    const { registry, time } = registryAt();
    registry.replaceAll(SNAPSHOT);
    const before = { serial: registry.serial, epoch: registry.epochs.all.value };
    time.s += 10;
    act(registry);
    expect({ serial: registry.serial, epoch: registry.epochs.all.value }).toEqual(before);
  });

  test.each<[string, (registry: Registry) => void]>([
    ['cluster IPs', (registry) => registry.setService(service('prod', 'web', '10.96.0.2'))],
    ['type', (registry) => registry.setService({ ...service('prod', 'web', '10.96.0.1'), type: 'NodePort' })],
    ['endpoints', (registry) => registry.setSlice(slice('prod', 'web', 'web'))],
    [
      'host names',
      (registry) => {
        const [first] = [...registry.slices()];
        registry.setSlice({ ...first!, endpoints: [{ ...first!.endpoints[0]!, hostname: 'a' }] });
      },
    ],
    ['pods', (registry) => registry.deletePod('prod', 'web-0')],
    ['namespaces', (registry) => registry.deleteNamespace('prod')],
  ])('moves for a change of %s', (_, act) => {
    const { registry } = registryAt();
    registry.replaceAll(SNAPSHOT);
    const before = { serial: registry.serial, epoch: registry.epochs.all.value };
    act(registry);
    expect({ serial: registry.serial, epoch: registry.epochs.all.value }).toEqual({
      serial: before.serial + 1,
      epoch: before.epoch + 1,
    });
  });
});

const SNAPSHOT = {
  namespaces: [{ name: 'prod' }],
  services: [service('prod', 'web', '10.96.0.1')],
  slices: [slice('prod', 'web', 'web', '10.244.0.1')],
  pods: [pod('prod', 'web-0', '10.244.0.1')],
};

describe('a snapshot', () => {
  test('replaces everything in one change, and keeps the records that are equal', () => {
    const { registry } = registryAt();
    registry.setNamespace({ name: 'old' });
    registry.setService(service('old', 'gone', '10.96.0.7'));
    registry.setService(service('prod', 'web', '10.96.0.1'));
    const kept = registry.service('prod', 'web');
    const listener = vi.fn();
    registry.onChange(listener);
    registry.replaceAll(SNAPSHOT);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(registry.service('prod', 'web')).toBe(kept);
    expect(registry.servicesAt('10.96.0.7')).toEqual([]);
    expect([...registry.namespaces()]).toEqual([{ name: 'prod' }]);
    expect(registry.counts()).toEqual({ namespaces: 1, services: 1, slices: 1, endpoints: 1, pods: 1 });
  });

  test('leaves kinds alone that it does not name', () => {
    const { registry } = registryAt();
    registry.replaceAll(SNAPSHOT);
    registry.replaceAll({ services: [], slices: [] });
    expect(registry.counts()).toEqual({ namespaces: 1, services: 0, slices: 0, endpoints: 0, pods: 1 });
  });
});

test('the registry is unsynced, with a reason, until it is marked, and each transition is a new epoch', () => {
  const { registry } = registryAt();
  const seen = [];
  for (const act of [
    () => {},
    () => registry.markUnsynced('the folder manifests/ does not exist'),
    () => registry.markUnsynced('the folder manifests/ does not exist'),
    () => registry.markSynced(),
  ]) {
    act();
    seen.push([registry.synced, registry.syncError, registry.epochs.all.value, registry.serial]);
  }
  expect(seen).toEqual([
    [false, 'the first load is not complete', 0, 0],
    [false, 'the folder manifests/ does not exist', 1, 0],
    [false, 'the folder manifests/ does not exist', 1, 0],
    [true, '', 2, 0],
  ]);
});

test('a listener hears of changes until it is taken away', () => {
  const { registry } = registryAt();
  const listener = vi.fn();
  const stop = registry.onChange(listener);
  registry.setNamespace({ name: 'a' });
  registry.setNamespace({ name: 'a' });
  stop();
  registry.setNamespace({ name: 'b' });
  expect(listener).toHaveBeenCalledTimes(1);
});
