import { describe, expect, test } from 'vitest';
import { addToCluster, testCluster } from '../../../test/support/cluster.ts';
import { CLUSTER, kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';
import { startPlugin } from '../../../test/support/plugin.ts';
import type { Registry } from '../../registry/registry.ts';

const at = (name: string) => `${name}.svc.cluster.local.`;

describe('options that hide or add names', () => {
  test.each([
    ['', 'web.shop A', '10.0.0.1'],
    ['namespaces other', 'web.shop A', 'NXDOMAIN'],
    ['namespaces other', 'shop A', 'NXDOMAIN'],
    ['namespaces other', 'web.other A', '10.0.0.8'],
    ['namespaces hidden', 'web.hidden A', 'NXDOMAIN'],
    ['noendpoints', 'web.shop A', '10.0.0.1'],
    ['noendpoints', 'db.shop A', 'NXDOMAIN'],
    ['noendpoints', 'front.web.shop A', 'NXDOMAIN'],
    ['ignore empty_service', 'web.shop A', '10.0.0.1'],
    ['ignore empty_service', 'web.other A', 'NXDOMAIN'],
    ['ignore empty_service', '_http._tcp.web.other SRV', 'NXDOMAIN'],
    ['ignore empty_service', 'out.shop CNAME', 'example.org.'],
    ['zonal', 'eu-1.pin._zone.db.shop A', '10.1.1.1'],
    ['zonal', 'EU-1.pin._zone.db.shop A', '10.1.1.1'],
    ['zonal', 'eu-1.pin._zone.db.shop AAAA', 'fd00:1::1'],
    ['zonal', 'eu-2.pin._zone.db.shop AAAA', 'NODATA'],
    ['zonal', 'eu-2.prefer._zone.db.shop AAAA', 'NODATA'],
    ['zonal', 'eu-3.pin._zone.db.shop A', 'NODATA'],
    ['zonal', 'eu-3.prefer._zone.db.shop A', '10.1.1.1 10.1.1.2'],
    ['zonal', 'eu-1.pin._zone.db.shop TXT', 'NODATA'],
    ['zonal', 'pin._zone.db.shop A', 'NODATA'],
    ['zonal', '_zone.db.shop A', 'NODATA'],
    ['zonal', 'eu-1.near._zone.db.shop A', 'NXDOMAIN'],
    ['zonal', 'eu-1.pin._zone.web.shop A', 'NXDOMAIN'],
    ['zonal', '_zone.web.shop A', 'NXDOMAIN'],
    ['zonal', 'eu-1.pin._zone.gone.shop A', 'NXDOMAIN'],
    ['zonal', 'eu-1.pin._zone.out.shop A', 'NXDOMAIN'],
    ['', 'eu-1.pin._zone.db.shop A', 'NXDOMAIN'],
  ])('"%s": %s is %s', (options, question, expected) => {
    const { ask } = kubernetes({ options, cluster: `${CLUSTER}\nexternal shop/out example.org` });
    const [name = '', type] = question.split(' ');
    const reply = ask(`${at(name)} ${type}`);
    const text = outcome(reply);
    const rdata = text
      .split('\n')
      .slice(1)
      .map((line) => line.split(' ').at(-1));
    expect(rdata.join(' ') || text).toBe(expected);
  });

  test('zonal SRV records have the plain names of the endpoints in the zone', () => {
    const { ask } = kubernetes({ options: 'zonal' });
    const name = `eu-2.pin._zone.${at('db.shop')}`;
    expect(outcome(ask(`${name} SRV`))).toBe(
      lines(
        'NOERROR aa',
        `${name} 5 IN SRV 0 100 5432 db-1.${at('db.shop')}`,
        `++ db-1.${at('db.shop')} 5 IN A 10.1.1.2`,
      ),
    );
  });
});

describe('fallthrough', () => {
  test.each([
    ['', 'nothing.shop.svc.cluster.local.', 'NXDOMAIN'],
    ['fallthrough', 'nothing.shop.svc.cluster.local.', 'next'],
    ['fallthrough', 'shop.svc.cluster.local.', 'NODATA'],
    ['fallthrough in-addr.arpa', 'nothing.shop.svc.cluster.local.', 'NXDOMAIN'],
    ['fallthrough in-addr.arpa', '1.2.3.4.in-addr.arpa.', 'next'],
    ['fallthrough x.cluster.local', 'a.x.cluster.local.', 'next'],
    ['fallthrough x.cluster.local', 'a.y.cluster.local.', 'NXDOMAIN'],
  ])('"%s": %s is %s', (options, name, expected) => {
    const { ask } = kubernetes({ options, zones: ['cluster.local.', 'in-addr.arpa.'] });
    expect(outcome(ask(`${name} A`))).toBe(expected);
  });
});

describe('the letter case of the question comes back', () => {
  const { ask } = kubernetes({ options: 'pods insecure' });

  test.each([
    ['Web.SHOP.svc.Cluster.local. A', 'NOERROR aa', 'Web.SHOP.svc.Cluster.local. 5 IN A 10.0.0.1'],
    ['DB-0.db.shop.SVC.cluster.local. A', 'NOERROR aa', 'DB-0.db.shop.SVC.cluster.local. 5 IN A 10.1.1.1'],
    ['FD00--A.shop.POD.cluster.local. AAAA', 'NOERROR aa', 'FD00--A.shop.POD.cluster.local. 5 IN AAAA fd00::a'],
  ])('%s', (question, ...expected) => {
    expect(outcome(ask(question))).toBe(lines(...expected));
  });

  test('also in the SOA record', () => {
    expect(outcome(ask('x.Cluster.LOCAL. A'), 'Cluster.LOCAL.')).toBe('NXDOMAIN');
    expect(outcome(ask('SVC.Cluster.LOCAL. A'), 'Cluster.LOCAL.')).toBe('NODATA');
  });
});

describe('before the registry is synced', () => {
  const setUp = () => {
    const plugin = kubernetes({ options: 'fallthrough', zones: ['cluster.local.', 'in-addr.arpa.'] });
    plugin.registry.markUnsynced('the folder manifests/ does not exist');
    return plugin;
  };

  test.each([
    ['web.shop.svc.cluster.local. A', 'NOERROR'],
    ['web.shop.svc.cluster.local. AAAA', 'SERVFAIL'],
    ['nothing.shop.svc.cluster.local. A', 'SERVFAIL'],
    ['db.shop.svc.cluster.local. A', 'SERVFAIL'],
    ['db-0.db.shop.svc.cluster.local. A', 'SERVFAIL'],
    ['nothing.svc.cluster.local. A', 'SERVFAIL'],
    ['7.7.7.7.in-addr.arpa. PTR', 'SERVFAIL'],
    ['1.0.0.10.in-addr.arpa. PTR', 'NOERROR'],
    ['cluster.local. SOA', 'NOERROR'],
    ['cluster.local. A', 'NODATA'],
    ['svc.cluster.local. A', 'NODATA'],
    ['pod.cluster.local. A', 'NODATA'],
    ['shop.svc.cluster.local. A', 'SERVFAIL'],
    ['dns-version.cluster.local. TXT', 'NOERROR'],
  ])('%s is %s', (question, expected) => {
    const text = outcome(setUp().ask(question));
    expect(text.split(' ')[0]).toBe(expected);
  });

  test('the reply says why, and that it will not last', () => {
    expect(setUp().ask('nothing.svc.cluster.local. A')).toMatchObject({
      aa: true,
      uncacheable: true,
      ednsOptions: [{ code: 15, data: Uint8Array.of(0, 14) }],
      error: { message: 'the cluster is not known yet: the folder manifests/ does not exist' },
    });
  });
});

describe('start', () => {
  test('waits for the registry, and is ready from then on', async () => {
    const { plugin, registry, env } = kubernetes();
    registry.markUnsynced('loading');
    const started = startPlugin(plugin);
    expect(plugin.ready!()).toBe(false);
    registry.markSynced();
    await started;
    const lines = ['[INFO] plugin/kubernetes: not ready: loading'];
    expect([plugin.ready!(), env.lines, env.clock.timers]).toEqual([true, lines, 0]);
    registry.markUnsynced('the folder is gone');
    expect(plugin.ready!()).toBe(true);
  });

  test('waits no longer than startup_timeout', async () => {
    const { plugin, registry, env } = kubernetes({ options: 'startup_timeout 2s' });
    registry.markUnsynced('the folder manifests/ does not exist');
    const started = startPlugin(plugin);
    env.clock.advance(1999);
    expect([env.lines, env.clock.timers]).toEqual([[], 1]);
    env.clock.advance(1);
    await started;
    expect([plugin.ready!(), plugin.ready!()]).toEqual([false, false]);
    expect(env.lines).toEqual([
      '[WARNING] plugin/kubernetes: answering SERVFAIL until the cluster is known: the folder manifests/ does not exist',
      '[INFO] plugin/kubernetes: not ready: the folder manifests/ does not exist',
    ]);
  });

  test('ends with its signal', async () => {
    const { plugin, registry, env } = kubernetes();
    registry.markUnsynced('loading');
    const abort = new AbortController();
    const started = startPlugin(plugin, abort.signal);
    abort.abort();
    await started;
    expect(env.clock.timers).toBe(0);
  });
});

test('after a reload answers come from the registry that is given then', () => {
  const first = kubernetes({ cluster: 'namespace a\nservice a/b 10.0.0.1' });
  const ask = (registry: Registry) =>
    outcome(kubernetes({ registry, kept: first.env.kept }).ask('b.a.svc.cluster.local. A'));
  expect(ask(first.registry)).toContain('10.0.0.1');
  expect(ask(testCluster('namespace a\nservice a/b 10.0.0.2'))).toContain('10.0.0.2');
});

describe('metrics', () => {
  test('answers are counted by what was found', async () => {
    const { ask, env } = kubernetes({ options: 'pods insecure', cluster: `${CLUSTER}\nexternal shop/out example.org` });
    const names = [
      'web.shop.svc',
      'web.shop.svc',
      'db.shop.svc',
      'db-0.db.shop.svc',
      '10-0-0-1.shop.pod',
      'svc',
      'x.svc',
    ];
    for (const name of names) ask(`${name}.cluster.local. A`);
    for (const question of ['cluster.local. SOA', 'out.shop.svc.cluster.local. CNAME', 'cluster.local. AXFR'])
      ask(question);
    const counted = await env.exposed('cairn_kubernetes_answers_total');
    const kinds = counted.filter((line) => !line.endsWith(' 0')).map((line) => line.slice(31));
    expect(kinds.sort()).toEqual([
      'kind="apex",missing=""} 1',
      'kind="endpoint",missing=""} 1',
      'kind="external",missing=""} 1',
      'kind="headless",missing=""} 1',
      'kind="nodata",missing=""} 1',
      'kind="nxdomain",missing="namespace"} 1',
      'kind="pod",missing=""} 1',
      'kind="refused",missing=""} 1',
      'kind="service",missing=""} 2',
    ]);
  });

  test.each([
    ['', 'nothing.shop.svc.cluster.local.', 'service'],
    ['', 'x.nothing.shop.svc.cluster.local.', 'service'],
    ['', 'web.hidden.svc.cluster.local.', 'namespace'],
    ['', 'hidden.svc.cluster.local.', 'namespace'],
    ['namespaces other', 'web.shop.svc.cluster.local.', 'namespace'],
    ['', 'gone.shop.svc.cluster.local.', 'endpoints'],
    ['', 'x.none.shop.svc.cluster.local.', 'endpoints'],
    ['noendpoints', 'db.shop.svc.cluster.local.', 'endpoints'],
    ['ignore empty_service', 'web.other.svc.cluster.local.', 'endpoints'],
    ['', 'x.web.shop.svc.cluster.local.', 'name'],
    ['', '_x._tcp.web.shop.svc.cluster.local.', 'name'],
    ['', 'x.cluster.local.', 'name'],
    ['', '10-9-0-1.shop.pod.cluster.local.', 'pod'],
    ['', '10-9-0-1.hidden.pod.cluster.local.', 'pod'],
    ['pods verified', '10-9-0-7.shop.pod.cluster.local.', 'pod'],
    ['pods verified', '10-9-0-1.hidden.pod.cluster.local.', 'namespace'],
    ['', '7.7.7.7.in-addr.arpa.', 'address'],
    ['', 'x.in-addr.arpa.', 'address'],
  ])('with "%s" %s lacks its %s', async (options, name, missing) => {
    const { ask, env } = kubernetes({ options, zones: ['cluster.local.', 'in-addr.arpa.'] });
    ask(`${name} A`).repeat!.again[0]!.value++;
    expect((await env.exposed('cairn_kubernetes_answers_total')).filter((line) => !line.endsWith(' 0'))).toEqual([
      `cairn_kubernetes_answers_total{kind="nxdomain",missing="${missing}"} 2`,
    ]);
  });

  test('the serials of the zones are shown', async () => {
    const { plugin, registry, env } = kubernetes({
      zones: ['cluster.local.', 'set.test.'],
      options: 'multicluster set.test',
    });
    plugin.serving!([]);
    env.clock.advance(10_000);
    registry.deleteService('shop', 'web');
    expect(await env.exposed('cairn_kubernetes_serial')).toEqual([
      'cairn_kubernetes_serial{server="dns://:53",zone="cluster.local."} 1767225610',
      'cairn_kubernetes_serial{server="dns://:53",zone="set.test."} 1767225600',
    ]);
  });

  test('the objects of all registries in use are shown', async () => {
    const { plugin, registry, env } = kubernetes({
      cluster: 'namespace a\nservice a/b 10.0.0.1\nslice a/b - 10.1.0.1 10.1.0.2',
    });
    plugin.serving!([]);
    addToCluster(registry, 'pod a/p 10.1.0.1');
    expect(await env.exposed('cairn_registry_objects')).toEqual([
      'cairn_registry_objects{kind="namespaces"} 1',
      'cairn_registry_objects{kind="services"} 1',
      'cairn_registry_objects{kind="slices"} 1',
      'cairn_registry_objects{kind="endpoints"} 2',
      'cairn_registry_objects{kind="pods"} 1',
      'cairn_registry_objects{kind="imports"} 0',
      ...[
        'ingresses',
        'gateways',
        'httproutes',
        'tlsroutes',
        'grpcroutes',
        'dnsendpoints',
        'nodes',
        'servicecidrs',
      ].map((kind) => `cairn_registry_objects{kind="${kind}"} 0`),
    ]);
    expect(await env.exposed('cairn_manifest')).toEqual([
      'cairn_manifest_files{state="all"} 3',
      'cairn_manifest_files{state="broken"} 1',
      'cairn_manifest_loads_total 2',
    ]);
  });

  test('what is no longer served is no longer shown', async () => {
    const { plugin, env } = kubernetes({ cluster: 'namespace a\nservice a/b 10.0.0.1' });
    plugin.serving!([]);
    expect(await env.exposed('cairn_registry_objects{kind="services"}')).toEqual([
      'cairn_registry_objects{kind="services"} 1',
    ]);
    await plugin.stop!();
    expect(await env.exposed('cairn_registry_objects{kind="services"}')).toEqual([
      'cairn_registry_objects{kind="services"} 0',
    ]);
    expect(await env.exposed('cairn_kubernetes_serial')).toEqual([]);
  });
});
