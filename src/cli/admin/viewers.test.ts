import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/support/random.ts';
import type { TailQuery, TopLists } from '../../admin/protocol/index.ts';
import { columnsFor, printQuery } from './tail.ts';
import { printLists } from './top.ts';

const QUERY: TailQuery = {
  ...{ time: '2026-01-01T00:00:00.000Z', client: '10.244.1.17', clientPort: 4000, namespace: 'shop' },
  ...{ server: 'dns://:53', protocol: 'udp', name: 'web.shop.svc.cluster.local.', type: 'AAAA', class: 'IN' },
  ...{ zone: '.', rcode: null, plugin: 'kubernetes', repeated: false, answers: 0 },
  ...{ requestOctets: 40, responseOctets: 0, durationMs: 123.4 },
};
const HOSTILE = '2001:db8:1234:5678:9abc:def0:1234:5678\x1b[2J\r\n\u202e';

test.each([
  [
    Number.POSITIVE_INFINITY,
    '10.244.1.17     shop            AAAA  none       0    123 kubernetes web.shop.svc.cluster.local.',
  ],
  [120, '10.244.1.17     shop            AAAA  none       0    123 kubernetes web.shop.svc.cluster.local.'],
  [100, '10.244.1.17     AAAA  none       0    123 kubernetes web.shop.svc.cluster.local.'],
  [80, '10.244.1.17     AAAA  none       0    123 web.shop.svc.cluster.local.'],
  [70, '10.244.1.17     AAAA  none       0    123 web.shop.svc.clust…'],
])('a line of width %d', (width, line) => {
  const printed = stripVTControlCharacters(printQuery(QUERY, columnsFor(width)));
  expect(printed).toMatch(/^\d\d:\d\d:\d\d /);
  expect(printed.slice(9)).toBe(`${line}\n`);
  expect(printed.trimEnd().length).toBeLessThanOrEqual(width);
});

test('nothing of a line controls the terminal, nor takes more than a line, wherever it stands', () => {
  const random = seededRandom(4);
  for (let i = 0; i < 10_000; i++) {
    const text = HOSTILE + String.fromCodePoint(Math.floor(random() * 0x3000), Math.floor(random() * 256));
    const query = { ...QUERY, client: text, namespace: text, type: text, name: text, plugin: text, error: text };
    const width = [80, 110, 150, Number.POSITIVE_INFINITY][i % 4]!;
    const printed = printQuery({ ...query, rcode: 'NOERROR' }, columnsFor(width));
    expect(printed).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*\n$/u);
    expect(printed.trimEnd().length).toBeLessThanOrEqual(width);
  }
});

const list = (key: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({ key, count: count - i, error: i }));

const LISTS: TopLists = {
  ...{
    seconds: 10,
    queries: 1000,
    byRcode: { NOERROR: 1, NXDOMAIN: 999 },
    byType: { A: 1000 },
    byPlugin: { '': 1000 },
  },
  ...{ clients: list('192.0.2.1', 10), namespaces: [], names: list(HOSTILE, 10), nxdomain: [], wasted: list('a.', 1) },
};

test('top fits the screen, leaves out empty lists, and says which counts may be too high', () => {
  const lines = printLists(LISTS, { ...LISTS, seconds: 9, queries: 900 }, { rows: 19, columns: 40 });
  expect(lines.map(stripVTControlCharacters)).toEqual([
    '1,000 queries in 10 s; 100.0 a second',
    'rcodes:  NXDOMAIN 999, NOERROR 1',
    'types:   A 1000',
    'plugins: (server) 1000',
    '',
    'CLIENTS',
    '     10  192.0.2.1',
    '     ≤9  192.0.2.1',
    '     ≤8  192.0.2.1',
    '',
    'NAMES',
    '     10  2001:db8:1234:5678:9abc:def0:1…',
    '     ≤9  2001:db8:1234:5678:9abc:def0:1…',
    '     ≤8  2001:db8:1234:5678:9abc:def0:1…',
    '',
    'WASTED QUERIES (NXDOMAIN, ONLY ASKED BECAUSE OF A SEARCH LIST)',
    '      1  a.',
  ]);
});
