import { describe, expect, test } from 'vitest';
import { type WatchedCluster, watchedCluster } from '../../../test/support/watched-cluster.ts';
import { DB, missed, problems, SHOP, services, synced, WEB, watchOf } from '../../../test/support/watched-shop.ts';

describe('objects that are not valid', () => {
  test.each<[string, (cluster: WatchedCluster) => void, string, string]>([
    [
      'half a line',
      (c) => watchOf(c, 'services').write('{"type":"ADDED","obj\n'),
      'bad-event',
      'a line that is not JSON',
    ],
    [
      'an unknown event',
      (c) => watchOf(c, 'services').send('SURPRISE', {}),
      'bad-event',
      'of the unknown type "SURPRISE"',
    ],
    [
      'an object without a name',
      (c) => watchOf(c, 'services').send('ADDED', { kind: 'Service' }),
      'bad-object',
      'Service (without a name): metadata.name is missing',
    ],
    [
      'another kind',
      (c) =>
        watchOf(c, 'services').send('MODIFIED', {
          kind: 'Gizmo',
          metadata: { name: 'web', namespace: 'shop' },
          spec: 5,
        }),
      'bad-object',
      'Service shop/web: spec is 5',
    ],
    [
      'a deleted nothing',
      (c) => watchOf(c, 'services').send('DELETED', {}),
      'bad-object',
      'a deleted object without a name',
    ],
  ])('%s is passed over, counted, and logged once', async (_, say, reason, text) => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    say(cluster);
    say(cluster);
    cluster.api.put(DB);
    await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
    expect(problems(cluster)).toEqual([expect.stringContaining(text)]);
    expect(await cluster.metric('cairn_kubernetes_skipped_total')).toEqual({
      [`resource=services,reason=${reason}`]: 2,
    });
    expect(cluster.registry.service('shop', 'web')!.clusterIPs).toEqual(['10.0.0.1']);
  });

  test('an external address that is not valid is left out, and the rest of the service is served', async () => {
    const cluster = await watchedCluster({ objects: [SHOP] });
    await synced(cluster);
    const odd = structuredClone(WEB) as unknown as { spec: object; status?: object };
    Object.assign(odd.spec, { externalIPs: ['192.0.2.1', 'not-an-ip', '2001:db8::1'] });
    odd.status = { loadBalancer: { ingress: [{ ip: '192.0.2.300' }, { hostname: 'lb.example' }] } };
    for (let i = 0; i < 2; i++) watchOf(cluster, 'services').send('MODIFIED', odd);
    await cluster.until(() => expect(services(cluster)).toEqual(['web']));
    const { externalIPs, clusterIPs } = cluster.registry.service('shop', 'web')!;
    expect([externalIPs, clusterIPs]).toEqual([['192.0.2.1', '2001:db8::1', 'lb.example'], ['10.0.0.1']]);
    expect(problems(cluster)).toEqual([
      '[WARNING] services: passed over a field of Service shop/web: spec.externalIPs[1] is "not-an-ip", it should be an IP address',
      '[WARNING] services: passed over a field of Service shop/web: status.loadBalancer.ingress[0].ip is "192.0.2.300", it should be an IP address',
    ]);
    expect(await cluster.metric('cairn_kubernetes_skipped_total')).toEqual({
      'resource=services,reason=bad-field': 4,
    });
  });

  test('the end in the middle of a line costs that line alone, which comes again', async () => {
    const cluster = await watchedCluster({ objects: [SHOP, WEB] });
    await synced(cluster);
    cluster.clock.advance(2000);
    await missed(cluster, () => cluster.api.put(DB));
    watchOf(cluster, 'services').write('{"type":"ADDED","object":{"metada');
    watchOf(cluster, 'services').end();
    await cluster.later(() => expect(services(cluster)).toEqual(['db', 'web']));
    expect(problems(cluster)).toEqual(['[WARNING] services: passed over a line that was cut off']);
  });

  test('a bad item of a list leaves the old record in place', async () => {
    const bad = '{"metadata":{"name":"web","namespace":"shop"},"spec":{"clusterIP":"nonsense"}}';
    const cluster = await watchedCluster({ streamingLists: 'invalid', objects: [SHOP, WEB] });
    await synced(cluster);
    await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
    cluster.api.replace([SHOP, DB]);
    await cluster.api.set({ extraItems: [bad], faulty: { resource: 'services', verb: 'list' } });
    await cluster.until(() => expect(services(cluster)).toEqual(['db']));
    cluster.api.put(WEB);
    await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
    cluster.api.remove('Service', 'shop', 'web');
    watchOf(cluster, 'services').expire();
    await cluster.later(() =>
      expect(problems(cluster).join()).toContain('Service shop/web: spec.clusterIP is "nonsense"'),
    );
  });
});

test.each([
  { duplicate: true },
  { latencyMs: 50 },
  { dribble: { octets: 100, everyMs: 1 }, streamingLists: 'invalid' },
] as const)('with %j nothing is lost', async (switches) => {
  const cluster = await watchedCluster({ objects: [SHOP, WEB], ...switches });
  await synced(cluster);
  await cluster.until(() => expect(watchOf(cluster, 'services')).toBeDefined());
  cluster.api.put(DB);
  await cluster.until(() => expect(services(cluster)).toEqual(['db', 'web']));
  expect(problems(cluster)).toEqual([]);
});
