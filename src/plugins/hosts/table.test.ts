import { describe, expect, test } from 'vitest';
import { turnsDuring } from '../../../test/support/turns.ts';
import { readHosts } from './entries.ts';
import { readTable } from './hosts-file.ts';
import { buildTable, findHost, MAX_RRSET_RECORDS } from './table.ts';

test.each([
  ['127.0.0.1 localhost localhost.localdomain', ['127.0.0.1 localhost. localhost.localdomain.'], []],
  ['# all\n\n \t\n10.0.0.1\ta # b\r\n', ['10.0.0.1 a.'], []],
  ['::FFFF:10.0.0.1 A.Example.\nfe80::1%lo0 b', ['10.0.0.1 a.example.', 'fe80::1 b.'], []],
  ['10.0.0.1 *.example.org a_b', ['10.0.0.1 *.example.org. a_b.'], []],
  ['10.0.0.1 a\\.b ü', ['10.0.0.1 a\\.b. xn--tda.'], []],
  [
    '10.0.0.1 a\n10.0.0 b\n10.0.0.2 c..d',
    ['10.0.0.1 a.'],
    ['2: "10.0.0" is not an IP address', '3: "c..d" has an empty label'],
  ],
])('%j', (text, entries, broken) => {
  const seen: string[] = [];
  const found = [...readHosts(text, (line) => seen.push(line))].filter((entry) => entry !== undefined);
  expect(found.map(({ address, names }) => [address, ...names].join(' '))).toEqual(entries);
  expect(seen).toEqual(broken);
});

const TEXT = `
10.0.0.1 a.example.org b.example.org
10.0.0.2 a.example.org *.example.org elsewhere
10.0.0.1 a.example.org
2001:db8::1 a.example.org deep.down.example.org
`;

function table(options: { zones?: string[]; reverse?: boolean; maxEntries?: number } = {}) {
  return buildTable(
    readHosts(TEXT, () => {}),
    { zones: ['example.org.'], reverse: true, ...options },
  );
}

describe('a table', () => {
  test.each([
    ['a.example.org.', '10.0.0.1 10.0.0.2 2001:db8::1'],
    ['b.example.org.', '10.0.0.1'],
    ['anything.example.org.', '10.0.0.2'],
    ['*.example.org.', '10.0.0.2'],
    ['x.anything.example.org.', undefined],
    ['elsewhere.', undefined],
    ['.', undefined],
  ])('%s: %s', (name, addresses) => {
    const host = findHost(table(), name);
    expect(host && [...host.ipv4, ...host.ipv6].join(' ')).toBe(addresses);
  });

  test('knows the names of an address, wildcards left out', () => {
    expect(Object.fromEntries(table().names)).toEqual({
      '10.0.0.1': ['a.example.org.', 'b.example.org.'],
      '10.0.0.2': ['a.example.org.'],
      '2001:db8::1': ['a.example.org.', 'deep.down.example.org.'],
    });
    expect(table({ reverse: false }).names.size).toBe(0);
  });

  test('knows the names above its hosts', () => {
    expect([...table().parents]).toEqual(['example.org.', 'org.', '.', 'down.example.org.']);
  });

  test('counts pairs of address and name once, up to the bound', () => {
    expect(table()).toMatchObject({ size: 6, truncated: false });
    expect(table({ zones: ['.'] }).size).toBe(7);
    expect(table({ maxEntries: 2 })).toMatchObject({ size: 2, truncated: true });
    expect(table({ maxEntries: 6 })).toMatchObject({ size: 6, truncated: false });
  });

  test('keeps no more records of an RRset than a message could hold', () => {
    const names = Array.from({ length: MAX_RRSET_RECORDS + 1 }, (_, i) => `n${i}.`);
    const addresses = names.map((_, i) => `10.1.${i >> 8}.${i & 255}`);
    const entries = [{ address: '0.0.0.0', names }, ...addresses.map((address) => ({ address, names: ['n.'] }))];
    const large = buildTable(entries, { zones: ['.'], reverse: true });
    expect(large.names.get('0.0.0.0')).toHaveLength(MAX_RRSET_RECORDS);
    expect(large.hosts.get('n.')!.ipv4).toHaveLength(MAX_RRSET_RECORDS);
    expect(large.hosts.has(names.at(-1)!)).toBe(true);
  });
});

test('others have their turn while a large file is read, and nothing is left to be made for a query', async () => {
  const text = Array.from({ length: 50_000 }, (_, i) => `2001:db8::${i.toString(16)} n${i}.example.org`).join('\n');
  const source = {
    path: '',
    zones: ['.'],
    inline: [{ address: '10.0.0.1', names: ['own.'] }],
    reverse: true,
    reloadMs: 0,
  };
  const { turns, result } = await turnsDuring(() => readTable(text, source));
  const { table, broken } = result;
  expect(turns).toBeGreaterThan(2);
  expect([table.size, table.truncated, broken]).toEqual([50_001, false, []]);
  expect(table.prefixes.has({ prefix: [2, 0, 0, 1], family: 6 })).toBe(true);
  expect(table.prefixes.has({ prefix: [10], family: 4 })).toBe(true);
  expect(table.prefixes.has({ prefix: [11], family: 4 })).toBe(false);
});
