import { expect, test } from 'vitest';
import { testEnv } from '../../test/support/env.ts';
import { nextHandler } from '../../test/support/plugin.ts';
import { testQuery } from '../../test/support/query.ts';
import { parseRecord } from '../dns/presentation.ts';
import type { Reply } from '../plugin/reply.ts';
import { ZoneBuilder } from './builder.ts';
import { applyDifferences, type Difference } from './differences.ts';
import { zoneHandler } from './handler.ts';
import { holdZone } from './held-zone.ts';
import type { Zone } from './zone.ts';

const record = (line: string) => parseRecord(line, { origin: 'a.test.', ttl: 60 });
const soa = (serial: number) => record(`@ SOA ns host ${serial} 2 3 4 5`) as Zone['soa'];

const LINES = [
  ...[
    '@ NS ns',
    'ns A 192.0.2.53',
    'www A 192.0.2.1',
    'other A 192.0.2.2',
    '_x._tcp.www SRV 0 0 1 host',
    'host A 192.0.2.3',
  ],
  ...['alias CNAME www', '*.wild A 192.0.2.4', '_many._tcp SRV 0 0 1 www'],
  ...Array.from({ length: 9 }, (_, i) => `_many._tcp SRV 0 0 1 h${i}`),
];

/** Which replies a change makes stale. */
async function staleAfter(deleted: readonly string[], added: readonly string[], questions: readonly string[]) {
  const builder = new ZoneBuilder('a.test.');
  for (const each of [soa(1), ...LINES.map(record)]) builder.add(each);
  const held = holdZone('a.test.', 'a zone', 'none yet');
  held.replace(builder.finish());
  const handler = zoneHandler('secondary', new Map([['a.test.', { held, fallthrough: [] }]]), testEnv(), nextHandler);
  const kept = questions.map((question) => {
    const { epochs } = (handler(testQuery(question)) as Reply).repeat!;
    return { question, epochs, values: epochs.map(({ value }) => value) };
  });
  const difference: Difference = {
    ...{ from: held.zone!.soa, to: soa(2) },
    ...{ deleted: deleted.map(record), added: added.map(record) },
  };
  held.replace(await applyDifferences(held.zone!, [difference]), [difference]);
  return kept
    .filter(({ epochs, values }) => epochs.some(({ value }, i) => value !== values[i]))
    .map((each) => each.question);
}

const HITS = ['www.a.test. A', 'other.a.test. A', '_x._tcp.www.a.test. SRV'];
/** They depend on the serial, or on more names than one. */
const OTHERS = ['none.a.test. A', 'www.a.test. TXT', 'alias.a.test. A', 'b.wild.a.test. A', '_many._tcp.a.test. SRV'];

test.each([
  ['of other names', [], ['new A 192.0.2.9'], OTHERS],
  ['of the name', ['www A 192.0.2.1'], ['www A 192.0.2.9'], ['www.a.test. A', ...OTHERS]],
  ['of a type that the name did not have', [], ['other AAAA ::1'], ['other.a.test. A', ...OTHERS]],
  ['of a host in the answer', [], ['host AAAA ::1'], ['_x._tcp.www.a.test. SRV', ...OTHERS]],
  ['of the name servers', [], ['@ NS ns2'], [...HITS, ...OTHERS]],
  ['at the apex', [], ['@ MX 5 www'], [...HITS, ...OTHERS]],
  ['of delegations', [], ['www NS ns'], [...HITS, ...OTHERS]],
])('a change %s makes stale what depends on it, and nothing else', async (_, deleted, added, stale) => {
  expect(await staleAfter(deleted, added, [...HITS, ...OTHERS])).toEqual(stale);
});
