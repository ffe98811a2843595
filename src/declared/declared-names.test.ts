import { expect, test } from 'vitest';
import { fakeClock } from '../../test/support/clock.ts';
import { seededRandom } from '../../test/support/random.ts';
import type { Ingress, Route } from '../registry/declared-records.ts';
import { Registry } from '../registry/registry.ts';
import { nameOf } from './claims.ts';
import { DeclaredNames } from './declared-names.ts';
import type { NameOptions } from './kinds.ts';

const OPTIONS: NameOptions = {
  ...{ zones: ['example.', 'sub.example.'], kinds: ['HTTPRoute', 'Ingress', 'Service', 'DNSEndpoint', 'Node'] },
  ...{ ingressClasses: [], gatewayClasses: ['good'], serviceSelectors: [], namespaces: [] },
  ...{ nodeAddressType: 'InternalIP', inside: true, servers: ['ns.kube-system'] },
  entries: [{ className: 'entry', namespace: 'ns', name: 's1' }],
};

const HOSTS = [
  'a.example.',
  'b.a.example.',
  '*.a.example.',
  'c.b.a.example.',
  'example.',
  'x.sub.example.',
  'else.test.',
];
const ASKED = [
  ...HOSTS,
  ...[
    'z.a.example.',
    'z.z.a.example.',
    'z.b.a.example.',
    'sub.example.',
    's1.ns.example.',
    'n1.example.',
    'ns.kube-system.example.',
  ],
];

/** What the names are, in all that clients can see of them. */
function printNames(names: DeclaredNames): string[] {
  return ASKED.filter((name) => name.endsWith('example.')).map((name) => {
    const found = names.find(name, name.endsWith('sub.example.') ? 'sub.example.' : 'example.');
    if (found === undefined || found.kind === 'parent') return `${name} ${found?.kind}`;
    const { source, claims } = found;
    const told = (['inside', 'outside'] as const).map((side) =>
      JSON.stringify(names.answer(claims, source, side).destination),
    );
    return `${name} ${found.kind} ${source} ${claims.map(nameOf).join()} ${told.join(' ')}`;
  });
}

test('names that follow changes are those of the objects, whatever the order of the changes', () => {
  const random = seededRandom(5);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const some = <T>(list: readonly T[]) => list.filter(() => random() < 0.4);
  const registry = new Registry(fakeClock());
  registry.markSynced();
  const targets = () => ({ addresses: some(['192.0.2.1', '192.0.2.2']), hostnames: some(['lb.test.']) });
  const named = () => ({ namespace: 'ns', name: pick(['o1', 'o2', 'o3']), createdMs: pick([1, 2]) });
  const service = () => ({
    ...{ namespace: 'ns', name: pick(['s1', 's2']), headless: false, clusterIPs: some(['10.0.0.1']), externalName: '' },
    ...{ type: pick(['LoadBalancer', 'NodePort', 'ClusterIP'] as const), ports: [], externalIPs: some(['192.0.2.1']) },
    declares: {
      ...{
        createdMs: 1,
        hostnames: pick([undefined, some(HOSTS)]),
        external: targets(),
        resolveEndpoints: random() < 0.3,
      },
      ...{ gateway: pick([undefined, 'g1']), ignored: random() < 0.1, labels: {} },
    },
  });
  const ingress = (): Ingress => ({
    ...named(),
    className: pick(['', 'entry']),
    hosts: some(HOSTS),
    targets: targets(),
  });
  const route = (): Route => ({
    ...{ ...named(), hostnames: some(HOSTS) },
    parents: some(['g1', 'g2']).map((name) => ({ namespace: 'ns', name, sectionName: undefined, port: undefined })),
  });
  const gateway = () => ({
    ...{ namespace: 'ns', name: pick(['g1', 'g2']), className: pick(['good', 'good', 'bad']), targets: targets() },
    listeners: some([undefined, 'a.example.', '*.a.example.']).map((hostname) => ({
      ...{ name: 'l', port: 80, hostname, routes: ['HTTPRoute' as const], from: 'All' as const },
    })),
  });
  const endpoint = () => ({
    ...named(),
    records: some(HOSTS).map((name) => ({
      ...{ name, ttl: undefined },
      ...pick([
        { type: 1, data: { address: '192.0.2.9' } },
        { type: 2, data: { target: 'ns.test.' } },
        { type: 5, data: { target: 'alias.test.' } },
      ]),
    })),
  });
  const slice = () => ({
    ...{ namespace: 'ns', name: 'slice', service: pick(['s1', 's2']), ports: [] },
    endpoints: some(['10.1.0.1', '10.1.0.2']).map((address) => ({ address })),
  });
  const changes = [
    () => registry.declared.set('ingress', ingress()),
    () => registry.declared.set('http-route', route()),
    () => registry.declared.set('gateway', gateway()),
    () => registry.declared.set('dns-endpoint', endpoint()),
    () => registry.declared.set('node', { name: pick(['n1', 'n2']), internal: some(['10.9.0.1']), external: [] }),
    () => registry.setService(service()),
    () => registry.setSlice(slice()),
    () =>
      registry.declared.delete(
        pick(['ingress', 'http-route', 'dns-endpoint'] as const),
        'ns',
        pick(['o1', 'o2', 'o3']),
      ),
    () => registry.declared.delete('gateway', 'ns', pick(['g1', 'g2'])),
    () => registry.declared.delete('node', '', pick(['n1', 'n2'])),
    () => registry.deleteService('ns', pick(['s1', 's2'])),
  ];
  const following = new DeclaredNames(registry, OPTIONS);
  let last = printNames(following);
  for (let step = 0; step < 3000; step++) {
    const epoch = following.epoch.value;
    pick(changes)();
    const fresh = new DeclaredNames(registry, OPTIONS);
    const now = printNames(following);
    if (following.epoch.value === epoch) expect(now, 'an answer changes only with the epoch').toEqual(last);
    expect(now).toEqual(printNames(fresh));
    expect([following.counts(), following.countConflicts()]).toEqual([fresh.counts(), fresh.countConflicts()]);
    fresh.stop();
    last = now;
  }
});
