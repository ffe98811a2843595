import { describe, expect, test } from 'vitest';
import { foldName } from '../../../src/dns/name.ts';
import { printType } from '../../../src/dns/rr.ts';
import { plugins } from '../../../src/plugins.ts';
import { convertEndpointSlice } from '../../../src/sources/objects/endpoint-slice.ts';
import { convertPod } from '../../../src/sources/objects/pod.ts';
import { convertService } from '../../../src/sources/objects/service.ts';
import { parsePlugin } from '../../support/plugin.ts';
import { generateCluster } from './cluster.ts';
import { questionsFor } from './questions.ts';
import { blockText, generateSettings } from './settings.ts';

const SEEDS = Array.from({ length: 200 }, (_, i) => i + 1);
const clusters = SEEDS.map((seed) => generateCluster(seed));

describe('clusters', () => {
  test('are the same for the same seed, and others for others', () => {
    expect(generateCluster(7)).toEqual(generateCluster(7));
    expect(new Set(clusters.map((objects) => JSON.stringify(objects))).size).toBe(SEEDS.length);
  });

  test('hold what an API server would take, under names of its own', () => {
    for (const objects of clusters) {
      const ids = objects.map(({ kind, metadata: { namespace, name } }) => `${kind}/${namespace}/${name}`);
      expect(new Set(ids).size).toBe(ids.length);
      for (const object of objects) {
        if (object.kind === 'Service') convertService(object);
        if (object.kind === 'EndpointSlice') convertEndpointSlice(object);
        if (object.kind === 'Pod') convertPod(object);
      }
    }
  });

  const all = JSON.stringify(clusters);
  test.each([
    ['dual stack', '"clusterIPs":["10.0.0.3","fd00:0:0:1::3"]'],
    ['headless', '"clusterIPs":["None"]'],
    ['chains in the zone', '.svc.cluster.local"}'],
    ['targets outside', '"externalName":"there.example.org"'],
    ['targets that are addresses', '"externalName":"192.0.2.99"'],
    ['endpoints that are not ready', '"ready":false'],
    ['endpoints without conditions', '"addresses":["10.1.0.1"],"targetRef"'],
    ['host names', '"hostname":"db-0"'],
    ['topology zones', '"zone":"us.east"'],
    ['names of 63 octets', `"name":"${'x'.repeat(62)}9"`],
    ['names that begin with a digit', '"name":"0web"'],
    ['services of a namespace that is gone', '"namespace":"gone"'],
    ['pods that are finished', '"phase":"Succeeded"'],
    ['pods with dots', '.with.dots"'],
    ['addresses in capitals', '"addresses":["FD00:'],
    ['ports of three protocols', '"protocol":"SCTP"'],
    ['slices without ports', '"ports":[]'],
  ])('have %s', (_, part) => {
    expect(all.includes(part)).toBe(true);
  });
});

describe('settings', () => {
  const kubernetes = plugins.find(({ name }) => name === 'kubernetes')!;
  const texts = SEEDS.map((seed) => blockText(53, generateSettings(seed), 'manifests x', '127.0.0.1:5300'));

  test('are understood', () => {
    for (const text of texts) {
      const directive = /kubernetes[^}]*\}/.exec(text)![0];
      expect(() => parsePlugin(kubernetes, directive)).not.toThrow();
    }
  });

  test.each([
    ...[
      'pods disabled',
      'pods insecure',
      'pods verified',
      'namespaces shop',
      'namespace_labels env=prod',
      'noendpoints',
    ],
    ...['zonal', 'endpoint_pod_names', 'labels tier=front', 'ignore empty_service', 'fallthrough', 'ttl 0'],
  ])('have %s', (line) => {
    expect(texts.some((text) => text.includes(`        ${line}\n`))).toBe(true);
  });
});

describe('questions', () => {
  const objects = clusters.flat();
  const asked = questionsFor(objects, { zones: ['cluster.local'] }).map(
    ({ name, type }) => `${name} ${printType(type)}`,
  );
  const folded = new Set(asked.map(foldName));

  test('come once each', () => {
    expect(new Set(asked).size).toBe(asked.length);
  });

  test.each([
    ...['cluster.local. a', 'svc.cluster.local. txt', 'ns.dns.cluster.local. aaaa', 'dns-version.cluster.local. txt'],
    ...[
      'web.shop.svc.cluster.local. srv',
      '_http._tcp.web.shop.svc.cluster.local. srv',
      'http.tcp.web.shop.svc.cluster.local. a',
    ],
    ...[
      '_tcp.web.shop.svc.cluster.local. any',
      'db-0.db.shop.svc.cluster.local. a',
      'x.db-0.db.shop.svc.cluster.local. a',
    ],
    ...[
      'web.other.svc.cluster.local. https',
      'web.shop.pod.cluster.local. a',
      'eu-1.pin._zone.db.shop.svc.cluster.local. a',
    ],
    ...['10-1-0-1.shop.pod.cluster.local. a', '--ffff-102-304.shop.pod.cluster.local. a', '2.0.0.10.in-addr.arpa. ptr'],
    ...[
      '0.0.10.in-addr.arpa. ptr',
      'x.2.0.0.10.in-addr.arpa. ptr',
      'ip6.arpa. soa',
      '*.shop.svc.cluster.local. type65280',
    ],
  ])('%s is among them', (line) => {
    expect(folded.has(line)).toBe(true);
  });

  test('some are in another letter case', () => {
    expect(asked.filter((line) => /[A-Z].* A$/.test(line)).length).toBeGreaterThan(100);
  });

  test('a sample leaves out types, not names', () => {
    const sample = questionsFor(clusters[0]!, { zones: ['cluster.local'], otherTypes: 2 });
    const whole = questionsFor(clusters[0]!, { zones: ['cluster.local'] });
    expect(sample.length).toBeLessThan(whole.length * 0.7);
    expect(new Set(sample.map(({ name }) => name)).size).toBeGreaterThan(100);
  });
});
