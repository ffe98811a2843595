import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRecord, printRecord } from '../dns/presentation.ts';
import type { ResourceRecord } from '../dns/rr.ts';
import { ZoneBuilder } from './builder.ts';
import { applyDifferences, type Difference } from './differences.ts';
import { lookUpInZone } from './lookup.ts';
import { contentOf, type Zone } from './zone.ts';

const record = (line: string) => parseRecord(line, { origin: 'a.test.', ttl: 60 });

function zoneOf(serial: number, records: Iterable<ResourceRecord>): Zone {
  const builder = new ZoneBuilder('a.test.');
  builder.add(record(`@ SOA ns host ${serial} 2 3 4 5`));
  for (const each of records) builder.add(each);
  return builder.finish();
}

/** Everything that a zone has: its nodes, also those without records. */
const shape = ({ nodes, size, soa, cuts }: Zone) => ({
  nodes: [...nodes].map(([name, node]) => [name, node.flat().map(printRecord).sort()]).sort(),
  ...{ size, soa, cuts: [...cuts].sort() },
});

const LINES = [
  ...['www A 192.0.2.1', 'www A 192.0.2.2', 'www AAAA ::1', 'x.y.z A 192.0.2.1', 'y.z TXT "y"', 'a.b.y.z A 192.0.2.9'],
  ...['*.w A 192.0.2.3', '@ A 192.0.2.4', '@ MX 5 www', 'alias CNAME www', 'q.alias2 SRV 0 0 1 www', '@ NS ns'],
];
/** Changes of these make the zone anew. */
const STRUCTURAL = ['sub NS ns.sub', 'ns.sub A 192.0.2.5', 'old DNAME new'];

test.each([
  ['nodes', LINES],
  ['delegations, too', [...LINES, ...STRUCTURAL]],
])('a patched zone is that which is made of all its records: %s', async (_, lines) => {
  const version = fc.uniqueArray(fc.constantFrom(...lines));
  await fc.assert(
    fc.asyncProperty(fc.array(version, { minLength: 2, maxLength: 12 }), async ([first, ...others]) => {
      let lines = first!;
      let zone = zoneOf(1, lines.map(record));
      for (const [i, next] of others.entries()) {
        const expected = zoneOf(i + 2, next.map(record));
        const difference: Difference = {
          ...{ from: zone.soa, to: expected.soa },
          deleted: lines.filter((line) => !next.includes(line)).map(record),
          added: next.filter((line) => !lines.includes(line)).map(record),
        };
        const before = shape(zone);
        const patched = await applyDifferences(zone, [difference]);
        expect(shape(patched)).toEqual(shape(expected));
        expect(shape(zone)).toEqual(before);
        for (const name of [
          'z.a.test.',
          'y.z.a.test.',
          'x.y.z.a.test.',
          'v.w.a.test.',
          'b.y.z.a.test.',
          'alias2.a.test.',
        ]) {
          expect(lookUpInZone(patched, name, 1, name)).toEqual(lookUpInZone(expected, name, 1, name));
        }
        zone = patched;
        lines = next;
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a change of a large zone costs only what it changes', async () => {
  let zone = zoneOf(
    1,
    Array.from({ length: 5000 }, (_, i) => record(`h${i}.sub${i % 50} A 192.0.2.1`)),
  );
  let walks = 0;
  class WalkedMap<K, V> extends Map<K, V> {
    override [Symbol.iterator]() {
      walks++;
      return super[Symbol.iterator]();
    }
    override values() {
      walks++;
      return super.values();
    }
  }
  zone = { ...zone, nodes: new WalkedMap([...zone.nodes]) };
  for (let serial = 2; serial < 300; serial++) {
    const to = record(`@ SOA ns host ${serial} 2 3 4 5`) as Zone['soa'];
    const [deleted, added] = [[record(`h${serial}.sub${serial % 50} A 192.0.2.1`)], [record(`n${serial} A 192.0.2.1`)]];
    zone = await applyDifferences(zone, [{ from: zone.soa, deleted, to, added }]);
  }
  expect(walks).toBe(0);
  expect([zone.size, [...contentOf(zone)].length]).toEqual([5001, 5000]);
});
