import { expect, test } from 'vitest';
import type { Clock } from '../observe/clock.ts';
import type { RecordChange } from './change.ts';
import type { Ingress } from './declared-records.ts';
import { Registry } from './registry.ts';

const CLOCK = { now: () => 1_700_000_000_000, monotonic: () => 0 } as Clock;
const newRegistry = () => new Registry(CLOCK);

const ingress = (name: string, ...hosts: string[]): Ingress => ({
  ...{ namespace: 'shop', name, createdMs: 0, className: '', hosts },
  targets: { addresses: ['192.0.2.1'], hostnames: [] },
});

test('a changed record is told, moves its own epoch, and the serial of the zones with declared names', () => {
  const registry = newRegistry();
  const changes: RecordChange[] = [];
  registry.onRecord((change) => changes.push(change));
  const serials = (['declared', 'cluster'] as const).map((zones) => registry.followSerial(zones, () => true).serial);
  const [a, b] = [ingress('a', 'a.example.'), ingress('b', 'b.example.')];
  registry.declared.set('ingress', a);
  registry.declared.set('ingress', b);
  const epochs = [a, b].map((record) => registry.epochs.of(record));
  const before = [...epochs, ...serials].map(({ value }) => value);
  registry.declared.set('ingress', ingress('a', 'a.example.'));
  expect(changes).toHaveLength(2);
  const changed = ingress('a', 'c.example.');
  registry.declared.set('ingress', changed);
  expect(changes[2]).toEqual({ kind: 'ingress', before: a, after: changed });
  const after = [...epochs, ...serials].map(({ value }) => value);
  expect(after.map((value, i) => value > before[i]!)).toEqual([true, false, true, false]);
  registry.declared.delete('ingress', 'shop', 'a');
  expect([registry.declared.count('ingress'), registry.declared.get('ingress', 'shop', 'a')]).toEqual([1, undefined]);
});

test('all records of the kinds that a snapshot has are replaced, those of others stay', () => {
  const registry = newRegistry();
  registry.declared.set('node', { name: 'n1', internal: ['10.0.0.1'], external: [] });
  registry.replaceAll({ declared: { ingress: [ingress('a'), ingress('b')] } });
  registry.replaceAll({ declared: { ingress: [ingress('b')] } });
  expect([...registry.declared.all('ingress')].map(({ name }) => name)).toEqual(['b']);
  expect(registry.declared.count('node')).toBe(1);
});

test('a reader waits for the kinds that it needs, and for no others', () => {
  const registry = newRegistry();
  const reader = registry.needing(['service', 'ingress']);
  let changes = 0;
  reader.onChange(() => changes++);
  registry.markUnsynced('services are not listed yet', 'service');
  registry.markUnsynced('routes are not listed yet', 'http-route');
  registry.markSynced();
  expect([reader.synced, reader.syncError]).toEqual([false, 'services are not listed yet']);
  expect(registry.syncError).toBe('services are not listed yet; routes are not listed yet');
  registry.markSynced('service');
  expect([reader.synced, registry.synced, changes]).toEqual([true, false, 4]);
  registry.markStale(true, 'http-route');
  expect([reader.stale, registry.stale]).toEqual([false, true]);
  registry.declared.set('ingress', ingress('a'));
  expect([reader.declared.count('ingress'), reader.id]).toEqual([1, registry.id]);
});
