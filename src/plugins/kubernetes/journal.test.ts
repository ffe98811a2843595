import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addToCluster } from '../../../test/support/cluster.ts';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { printRecord } from '../../dns/presentation.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import type { TransferableZone } from '../../plugin/transfer.ts';
import type { Registry } from '../../registry/registry.ts';
import { digestOf } from '../../zone/digest.ts';
import { MAX_CHANGES } from '../../zone/journal.ts';
import { TransferReader } from '../../zone/transfer-reader.ts';
import { contentOf, type Zone } from '../../zone/zone.ts';
import { UNUSED_MS } from './transfer.ts';

const ZONES = ['cluster.local.', 'set.test.', 'sub.svc.cluster.local.', '10.in-addr.arpa.', 'ip6.arpa.'];

/** A change of a cluster: of few objects, so that changes meet. */
const change = fc.record({
  kind: fc.constantFrom(
    ...(['service', 'headless', 'external', 'slice', 'slice', 'slice', 'namespace', 'pod'] as const),
    ...(['import', 'imported'] as const),
    ...(['no service', 'no slice', 'moved slice', 'moved slice', 'no namespace', 'no pod'] as const),
  ),
  namespace: fc.constantFrom('a', 'b', 'sub'),
  name: fc.constantFrom('web', 'db'),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.1.0.1', 'fd00::1', '10.0.0.1,fd00::1', '192.0.2.1'),
  mark: fc.constantFrom('', '=h', '=other', '~pod-1', '@z1'),
  ports: fc.constantFrom('-', 'http:tcp:80', 'http:tcp:81,dns:udp:53'),
  /** Stands before the endpoints of a slice: with `!`, they terminate. */
  state: fc.constantFrom('', '', '!'),
  /** Whether copies are brought up to date after it. */
  isSeen: fc.boolean(),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** What each kind of change does; the text is in the notation of `addToCluster`. */
const EFFECTS: Record<Change['kind'], (change: Change, id: string) => string | ((registry: Registry) => void)> = {
  service: ({ address, ports }, id) => `service ${id} ${address} ${ports === '-' ? '' : ports.replaceAll(',', ' ')}`,
  headless: (_, id) => `headless ${id}`,
  external: (_, id) => `external ${id} Example.org`,
  // The name of a slice follows from its line: some slices come to replace others, also of another service.
  slice: ({ ports, address, mark, state }, id) =>
    `${'\n'.repeat(address.length % 2)}slice ${id} ${ports} ${state}${address}${mark} ${state}10.1.0.2`,
  import: ({ mark }, id) => `import ${id} ${mark ? 'headless' : '10.3.0.1'} http:tcp:80`,
  imported: ({ ports, address, mark, state }, id) => `imported ${id} east ${ports} ${state}${address}${mark}`,
  namespace: ({ namespace }) => `namespace ${namespace}`,
  pod: ({ address }, id) => `pod ${id} ${address}`,
  'no namespace':
    ({ namespace }) =>
    (registry) =>
      registry.deleteNamespace(namespace),
  'no service':
    ({ namespace, name }) =>
    (registry) =>
      registry.deleteService(namespace, name),
  'no slice':
    ({ namespace, name }) =>
    (registry) => {
      const [slice] = registry.slicesOf(namespace, name);
      if (slice) registry.deleteSlice(namespace, slice.name);
    },
  'moved slice':
    ({ namespace, name }) =>
    (registry) => {
      const [slice] = registry.slicesOf(namespace, name);
      if (slice) registry.setSlice({ ...slice, service: name === 'web' ? 'db' : 'web' });
    },
  'no pod':
    ({ namespace, name }) =>
    (registry) =>
      registry.deletePod(namespace, name),
};

function apply(registry: Registry, change: Change): void {
  const effect = EFFECTS[change.kind](change, `${change.namespace}/${change.name}`);
  if (typeof effect === 'string') addToCluster(registry, effect);
  else effect(registry);
}

/** A whole copy of a version. */
function whole(zone: TransferableZone): Promise<Zone> {
  return read(zone.soa.name, [zone.soa, ...zone.records(), zone.soa]);
}

async function read(origin: string, records: readonly ResourceRecord[], known?: Zone): Promise<Zone> {
  const reader = new TransferReader(origin, known);
  expect(reader.takeAll(records)).toBe(true);
  return reader.finish();
}

const print = (records: Iterable<ResourceRecord>) => [...records].map(printRecord).sort();

test.each([
  ['', 150],
  ['pods verified\nzonal\nendpoint_pod_names', 50],
  ['ptr hostname-first\nignore empty_service\nexternal_name_ip', 50],
  ['ptr headless-only\nnamespaces a sub', 50],
  ['noendpoints', 25],
  ['terminating serving', 75],
])('with "%s" a copy that applies differences equals a whole copy, over many changes', async (options, numRuns) => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 5, maxLength: 40 }), async (changes) => {
      const setup = { zones: ZONES, options: `${options}\nmulticluster set.test`, cluster: 'namespace a' };
      const { registry, transfers, env } = kubernetes(setup);
      const now = (name: string) => transfers.zone(name)!;
      const copies = new Map<string, Zone[]>();
      for (const name of ZONES) copies.set(name, [await whole(now(name))]);
      await now(ZONES[0]!).digesting;
      for (const each of changes) {
        apply(registry, each);
        env.clock.advance(37);
        if (!each.isSeen) continue;
        for (const [name, versions] of copies) {
          const zone = now(name);
          const expected = await whole(zone);
          for (const known of versions) {
            const { serial } = known.soa.data;
            const changesSince = zone.changesSince!(serial);
            expect(changesSince).toBeDefined();
            const updated = await read(name, [zone.soa, ...changesSince!, zone.soa], known);
            expect(print(contentOf(updated))).toEqual(print(contentOf(expected)));
            expect(updated.soa).toEqual(expected.soa);
          }
          versions.push(expected);
        }
      }
    }),
    { seed: 1, numRuns },
  );
});

const CLUSTER_TEXT =
  'namespace a\nservice a/web 10.0.0.1 http:tcp:80\nheadless a/db\nslice a/db pg:tcp:5432 10.1.0.1=db-0';
const STEPS = ['service a/new 10.0.0.2', 'slice a/db pg:tcp:5432 10.1.0.1=db-0 10.1.0.2=db-1', 'namespace b'];

/** A server that watches the cluster, and has told a serial after each of some changes. */
async function replica(startMs: number, seen: readonly number[]) {
  const { registry, transfers, env } = kubernetes({ cluster: CLUSTER_TEXT });
  env.clock.advance(startMs);
  // Its serial is that of the time when it last saw a change.
  registry.setNamespace({ name: 'late' });
  registry.deleteNamespace('late');
  const zone = () => transfers.zone('cluster.local.')!;
  await zone().digesting;
  const versions = [zone()];
  for (const [at, step] of STEPS.entries()) {
    addToCluster(registry, step);
    if (seen.includes(at)) versions.push(zone());
  }
  return { zone, versions };
}

test('servers with the same content have the same digest, and differences for the versions of each other', async () => {
  const one = await replica(0, [0, 1, 2]);
  const other = await replica(90_000, [1]);
  expect(one.zone().digest).toBe(other.zone().digest);
  expect(one.zone().serial).not.toBe(other.zone().serial);
  const { serial, digest } = other.versions[0]!;
  expect(digest).toMatch(/^[0-9a-f]{32}$/);
  expect(one.zone().changesSince!(serial)).toBeUndefined();
  const records = [...one.zone().changesSince!(serial, digest)!];
  expect(records.filter(({ type }) => type === 6).map(({ data }) => (data as { serial: number }).serial)).toEqual([
    serial,
    one.zone().serial,
  ]);
  expect(records.length).toBeGreaterThan(4);
  // The first server has told no serial between the first and the second change.
  expect(other.zone().changesSince!(one.versions[1]!.serial, one.versions[1]!.digest)).toBeUndefined();
});

test('the same serial with another digest is another version', async () => {
  const { zone, versions } = await replica(0, [0, 1, 2]);
  expect(zone().changesSince!(versions[1]!.serial)).toBeDefined();
  expect(zone().changesSince!(versions[1]!.serial, '0'.repeat(32))).toBeUndefined();
});

test('the digest of a copy is that of the server', async () => {
  const { zone } = await replica(0, [0]);
  expect(String(await digestOf(await whole(zone())))).toBe(zone().digest);
});

test('a bounded number of changes is kept', () => {
  const { registry, transfers } = kubernetes({ cluster: CLUSTER_TEXT });
  const zone = () => transfers.zone('cluster.local.')!;
  const serials = [zone().serial];
  for (let i = 0; i <= MAX_CHANGES; i++) {
    addToCluster(registry, `service a/web 10.0.${i >> 8}.${i & 255} http:tcp:80`);
    serials.push(zone().serial);
  }
  expect(serials.filter((serial) => !zone().changesSince!(serial))).toEqual(serials.slice(0, 1));
});

test('a bounded number of records is kept', async () => {
  const { registry, transfers, plugin, env } = kubernetes({ cluster: CLUSTER_TEXT });
  plugin.serving!([]);
  const zone = () => transfers.zone('cluster.local.')!;
  const first = zone().serial;
  const endpoints = (base: number) =>
    Array.from({ length: 10_000 }, (_, i) => `10.${base}.${i >> 8}.${i & 255}`).join(' ');
  addToCluster(registry, `slice a/db - ${endpoints(20)}`);
  expect([...zone().changesSince!(first)!].length).toBeGreaterThan(20_000);
  const second = zone().serial;
  addToCluster(registry, `slice a/db - ${endpoints(30)}`);
  expect([zone().changesSince!(first), zone().changesSince!(second)].map((changes) => changes !== undefined)).toEqual([
    false,
    true,
  ]);
  const [line] = await env.exposed('cairn_kubernetes_journal_records');
  expect(Number(line!.split(' ').at(-1))).toBe(40_000);
});

test('nothing is followed before the first transfer, nor an hour after the last one', () => {
  const { registry, transfers, env } = kubernetes({ cluster: CLUSTER_TEXT });
  const listeners = () => (registry as unknown as { recordListeners: Set<unknown> }).recordListeners.size;
  const before = listeners();
  const first = transfers.zone('cluster.local.')!.serial;
  expect(listeners()).toBe(before + 1);
  env.clock.advance(UNUSED_MS);
  addToCluster(registry, 'service a/new 10.0.0.2');
  expect(transfers.zone('cluster.local.')!.changesSince!(first)).toBeDefined();
  env.clock.advance(UNUSED_MS + 1);
  addToCluster(registry, 'service a/new 10.0.0.3');
  expect(listeners()).toBe(before);
  expect(transfers.zone('cluster.local.')!.changesSince!(first)).toBeUndefined();
});

test('an address of this machine that comes makes another version', () => {
  const localAddresses = ['192.0.2.53'];
  const { transfers, env } = kubernetes({ cluster: CLUSTER_TEXT, localAddresses });
  const { serial } = transfers.zone('cluster.local.')!;
  localAddresses.push('192.0.2.54');
  env.clock.advance(1000);
  const now = transfers.zone('cluster.local.')!;
  expect(now.serial).toBeGreaterThan(serial);
  expect([...now.changesSince!(serial)!].map(({ type }) => type)).toEqual([6, 6, 1]);
});

test('a slice that moves to another service', async () => {
  const text = `${CLUSTER_TEXT}\nservice a/other 10.0.0.3 http:tcp:80`;
  const { registry, transfers } = kubernetes({ cluster: text });
  const zone = () => transfers.zone('cluster.local.')!;
  const known = await whole(zone());
  const [slice] = registry.slicesOf('a', 'db');
  registry.setSlice({ ...slice!, service: 'other' });
  const { serial } = known.soa.data;
  const updated = await read('cluster.local.', [zone().soa, ...zone().changesSince!(serial)!, zone().soa], known);
  expect(print(contentOf(updated))).toEqual(print(contentOf(await whole(zone()))));
});
