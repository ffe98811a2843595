import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRecord, printRecord } from '../dns/presentation.ts';
import { ZoneBuilder } from './builder.ts';
import { applyDifferences } from './differences.ts';
import { holdZone } from './held-zone.ts';
import { MAX_DIFFERENCE_RECORDS, MAX_DIFFERENCES } from './history.ts';
import { contentOf, type Zone } from './zone.ts';

function zoneOf(serial: number, lines: readonly string[]): Zone {
  const builder = new ZoneBuilder('a.test.');
  for (const line of [`@ SOA ns host ${serial} 2 3 4 5`, ...lines]) {
    builder.add(parseRecord(line, { origin: 'a.test.', ttl: 60 }));
  }
  return builder.finish();
}

const content = (zone: Zone) => [zone.soa, ...contentOf(zone)].map(printRecord).sort();

/** A zone with these versions, one after the other. */
function held(...versions: readonly (Zone | undefined)[]) {
  const zone = holdZone('a.test.', 'a test', 'none yet');
  for (const version of versions) zone.replace(version ?? { problem: 'gone' });
  return zone;
}

test('differences lead from each version to the present one', async () => {
  const lines = fc.uniqueArray(
    fc.constantFrom(
      ...['a A 192.0.2.1', 'a A 192.0.2.2', 'a 9 AAAA ::1', 'a 8 AAAA ::2', 'b.c TXT "x" "y"', 'b.c TXT "xy"'],
      ...['c 5 MX 10 a', '@ NS ns', 'sub NS ns', '*.w CAA 0 issue "x"'],
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(lines, { minLength: 2, maxLength: 5 }), async (versions) => {
      const zones = versions.map((version, i) => zoneOf(i + 1, version));
      const zone = held(...zones);
      for (const [i, version] of zones.slice(0, -1).entries()) {
        const differences = zone.changesSince(i + 1)!;
        expect(differences.length).toBe(zones.length - 1 - i);
        expect(content(await applyDifferences(version, differences))).toEqual(content(zones.at(-1)!));
      }
      expect(zone.changesSince(zones.length)).toBeUndefined();
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('what is not known any more', () => {
  const versions = Array.from({ length: MAX_DIFFERENCES + 2 }, (_, i) => zoneOf(i + 1, [`a A 192.0.2.${i}`]));
  const zone = held(...versions);
  expect([1, 2, MAX_DIFFERENCES + 1].map((serial) => zone.changesSince(serial)?.length)).toEqual([
    ...[undefined, MAX_DIFFERENCES, 1],
  ]);
});

test.each<[string, (Zone | undefined)[]]>([
  ['the same serial', [zoneOf(1, []), zoneOf(1, ['a A 192.0.2.1'])]],
  ['an older serial', [zoneOf(2, []), zoneOf(1, [])]],
  ['a time without a version', [zoneOf(1, []), zoneOf(2, []), undefined, zoneOf(3, [])]],
  [
    'a difference that is too large',
    [
      zoneOf(1, []),
      zoneOf(
        2,
        Array.from({ length: MAX_DIFFERENCE_RECORDS + 1 }, (_, i) => `h${i} A 192.0.2.1`),
      ),
    ],
  ],
])('there are no differences over %s', (_, versions) => {
  const zone = held(...versions);
  expect([1, 2].map((serial) => zone.changesSince(serial))).toEqual([undefined, undefined]);
});
