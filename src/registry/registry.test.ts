import { describe, expect, test, vi } from 'vitest';
import type { Clock } from '../observe/clock.ts';
import { type EndpointSlice, NO_PORT, type Pod, type Service } from './records.ts';
import { Registry } from './registry.ts';

const START_S = 1_700_000_000;

function registryAt(startS = START_S) {
  const time = { s: startS };
  const clock = { now: () => time.s * 1000, monotonic: () => time.s * 1000 } as Clock;
  return { registry: new Registry(clock), time };
}

function service(namespace: string, name: string, ...clusterIPs: string[]): Service {
  const ports = [{ name: '', protocol: 'tcp', port: NO_PORT }];
  return { namespace, name, type: 'ClusterIP', headless: false, clusterIPs, externalName: '', ports, externalIPs: [] };
}

function slice(namespace: string, name: string, ofService: string, ...ips: string[]): EndpointSlice {
  const ports = [{ name: 'http', protocol: 'tcp', port: 80 }];
  return { namespace, name, service: ofService, ports, endpoints: ips.map((ip) => ({ address: ip })) };
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
    const found = registry.endpointsAt('10.244.0.1').map(({ slice: { name }, endpoint }) => [name, endpoint.address]);
    expect(found).toEqual([
      ['web-1', '10.244.0.1'],
      ['web-1', '10.244.0.1'],
      ['db-1', '10.244.0.1'],
    ]);
    registry.setSlice(slice('prod', 'web-1', 'web', '10.244.0.2'));
    expect(registry.endpointsAt('10.244.0.1').map((place) => place.slice.name)).toEqual(['db-1']);
  });

  test('endpoints of a slice that was replaced, by the addresses that it kept, lost and got', () => {
    const { registry } = registryAt();
    registry.setSlice(slice('prod', 'web-1', 'web', '10.244.0.1', '10.244.0.2', '10.244.0.3'));
    registry.setSlice(slice('prod', 'db-1', 'db', '10.244.0.2', '10.244.0.3'));
    const replacement = slice('prod', 'web-1', 'api', '10.244.0.1', '10.244.0.2', '10.244.0.4', '10.244.0.4');
    registry.setSlice(replacement);
    const found = (ip: string) =>
      registry.endpointsAt(ip).map((place) => `${place.slice.name} of ${place.slice.service}`);
    expect(registry.endpointsAt('10.244.0.1')[0]?.slice).toBe(replacement);
    expect(found('10.244.0.2')).toEqual(['web-1 of api', 'db-1 of db']);
    expect(found('10.244.0.3')).toEqual(['db-1 of db']);
    expect(found('10.244.0.4')).toEqual(['web-1 of api', 'web-1 of api']);
    expect(registry.counts().endpoints).toBe(6);
    expect([registry.slicesOf('prod', 'web'), registry.slicesOf('prod', 'api')]).toEqual([[], [replacement]]);
    registry.deleteSlice('prod', 'web-1');
    expect(['10.244.0.1', '10.244.0.2', '10.244.0.4'].flatMap(found)).toEqual(['db-1 of db']);
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

describe('a serial that follows the registry', () => {
  test('moves with the changes that are picked, which lookups see already', () => {
    const { registry, time } = registryAt();
    const { serial } = registry.followSerial('cluster', (change) => {
      return change.kind === 'service' && registry.service('prod', change.after?.name ?? '') === change.after;
    });
    time.s += 10;
    registry.setNamespace({ name: 'prod' });
    expect(serial.value).toBe(START_S);
    registry.setService(service('prod', 'web', '10.96.0.1'));
    time.s += 10;
    expect(serial.value).toBe(START_S + 10);
  });

  test('starts behind all others, and no longer moves once it is stopped', () => {
    const { registry } = registryAt();
    const first = registry.followSerial('cluster', () => true);
    expect(first.serial.value).toBe(START_S);
    registry.setNamespace({ name: 'a' });
    expect(first.serial.value).toBe(START_S + 1);
    const second = registry.followSerial('cluster', () => true);
    expect(second.serial.value).toBe(START_S + 2);
    expect(registry.followSerial('cluster-set', () => true).serial.value).toBe(START_S);
    first.stop();
    second.stop();
    registry.setNamespace({ name: 'b' });
    expect(registry.followSerial('cluster', () => true).serial.value).toBe(START_S + 3);
    expect([first.serial.value, second.serial.value]).toEqual([START_S + 1, START_S + 2]);
  });
});

describe('what changes', () => {
  test.each<[string, (registry: Registry) => void]>([
    ['an equal service', (registry) => registry.setService(service('prod', 'web', '10.96.0.1'))],
    ['an equal slice', (registry) => registry.setSlice(slice('prod', 'web', 'web', '10.244.0.1'))],
    ['an equal pod', (registry) => registry.setPod(pod('prod', 'web-0', '10.244.0.1'))],
    ['an equal namespace', (registry) => registry.setNamespace({ name: 'prod' })],
    ['the loss of what was not there', (registry) => registry.deleteService('prod', 'other')],
    ['an equal snapshot', (registry) => registry.replaceAll(SNAPSHOT)],
  ])('is not %s', (_, act) => {
    const { registry } = registryAt();
    registry.replaceAll(SNAPSHOT);
    const before = registry.epochs.all.value;
    const heard = vi.fn();
    registry.onRecord(heard);
    act(registry);
    expect([registry.epochs.all.value, heard.mock.calls]).toEqual([before, []]);
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
  ])('is %s', (_, act) => {
    const { registry } = registryAt();
    registry.replaceAll(SNAPSHOT);
    const before = registry.epochs.all.value;
    const heard = vi.fn();
    registry.onRecord(heard);
    act(registry);
    expect([registry.epochs.all.value, heard.mock.calls.length]).toEqual([before + 1, 1]);
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
    expect(registry.counts()).toEqual({ namespaces: 1, services: 1, slices: 1, endpoints: 1, pods: 1, imports: 0 });
  });

  test('of few changes takes effect at once, also if it is replaced in steps', () => {
    const { registry } = registryAt();
    registry.replaceAll({
      ...SNAPSHOT,
      services: [service('prod', 'web', '10.96.0.1'), service('prod', 'db', '10.96.0.2')],
    });
    const swapped = [service('prod', 'web', '10.96.0.2'), service('prod', 'db', '10.96.0.1')];
    const seen = new Set<string>();
    const look = () =>
      seen.add(['10.96.0.1', '10.96.0.2'].map((ip) => registry.servicesAt(ip).map(({ name }) => name)).join());
    look();
    for (const _ of registry.replaceInSteps({ ...SNAPSHOT, services: swapped })) look();
    look();
    expect([...seen]).toEqual(['web,db', 'db,web']);
  });

  test('of many changes is replaced in steps; endpoints that move to another slice of their service do not vanish', () => {
    const COUNT = 2000;
    const snapshot = (first: string, second: string) => ({
      services: Array.from({ length: COUNT }, (_, i) => service('prod', `web-${i}`, 'None')),
      slices: ['a', 'b'].flatMap((name) =>
        Array.from({ length: COUNT }, (_, i) =>
          slice('prod', `${name}-${i}`, `web-${i}`, ...(name === 'a' ? first : second).split(' ')),
        ),
      ),
    });
    const { registry } = registryAt();
    registry.replaceAll(snapshot('10.244.0.1 10.244.0.2', '10.244.0.3'));
    const expected = ['10.244.0.1', '10.244.0.2', '10.244.0.3'];
    const addresses = (i: number) =>
      registry
        .slicesOf('prod', `web-${i}`)
        .flatMap(({ endpoints }) => endpoints.map(({ address }) => address))
        .sort();
    let steps = 0;
    for (const _ of registry.replaceInSteps(snapshot('10.244.0.2', '10.244.0.1 10.244.0.3'))) {
      steps++;
      for (const i of [0, COUNT - 1]) if (addresses(i).length !== 3) expect(addresses(i)).toEqual(expected);
    }
    expect(steps).toBeGreaterThan(COUNT);
    expect(registry.slice('prod', 'b-0')?.endpoints).toHaveLength(2);
  });

  test('leaves kinds alone that it does not name', () => {
    const { registry } = registryAt();
    registry.replaceAll(SNAPSHOT);
    registry.replaceAll({ services: [], slices: [] });
    expect(registry.counts()).toEqual({ namespaces: 1, services: 0, slices: 0, endpoints: 0, pods: 1, imports: 0 });
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
    seen.push([registry.synced, registry.syncError, registry.epochs.all.value]);
  }
  expect(seen).toEqual([
    [false, 'the first load is not complete', 0],
    [false, 'the folder manifests/ does not exist', 1],
    [false, 'the folder manifests/ does not exist', 1],
    [true, '', 2],
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

test.each<[string, (registry: Registry) => void, string[]]>([
  ['a namespace', (registry) => registry.setNamespace({ name: 'prod' }), ['cluster', 'cluster-set', 'outside']],
  ['a service', (registry) => registry.setService(service('prod', 'a')), ['cluster', 'outside']],
  ['a slice', (registry) => registry.setSlice(slice('prod', 'a', 'a')), ['cluster', 'outside']],
  ['a pod', (registry) => registry.setPod(pod('prod', 'a')), ['cluster']],
  ['an import', (registry) => registry.imports.setService(service('prod', 'a')), ['cluster-set']],
  ['an imported slice', (registry) => registry.imports.setSlice(slice('prod', 'a', 'a')), ['cluster-set']],
  ['being synced', (registry) => registry.markSynced(), []],
  ['being stale', (registry) => registry.markStale(true), []],
])('%s moves only the serials of zones that may show it, and the epoch of everything', (_, change, expected) => {
  const { registry } = registryAt();
  const moved: string[] = [];
  for (const zones of ['cluster', 'cluster-set', 'outside'] as const) {
    registry.followSerial(zones, () => true).serial.onMove(() => moved.push(zones));
  }
  const before = registry.epochs.all.value;
  change(registry);
  expect(moved).toEqual(expected);
  expect(registry.epochs.all.value).toBe(before + 1);
});
