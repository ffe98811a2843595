import { expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import type { Reply } from '../../plugin/reply.ts';
import minimal from './index.ts';

const REST = { authority: [parseRecord('org. 9 NS ns.org.')], additional: [parseRecord('ns.org. 9 A 192.0.2.2')] };
const EXTRA = '\n-- org. 9 IN NS ns.org.\n++ ns.org. 9 IN A 192.0.2.2';

const NSEC = parseRecord('org. 9 NSEC b.org. A');
const sig = (covered: string) =>
  parseRecord(`org. 9 RRSIG ${covered} 13 1 9 20300101000000 20250101000000 1 org. AAEC`);

test.each<[string, Partial<Reply>, string]>([
  ['an answer', answerOf('a.org. 9 A 192.0.2.1', REST), 'NOERROR\na.org. 9 IN A 192.0.2.1'],
  ['NXDOMAIN', { rcode: 3, ...REST }, `NXDOMAIN${EXTRA}`],
  ['a referral', REST, `NOERROR${EXTRA}`],
  [
    'an alias without target',
    { ...answerOf('a.org. 9 CNAME b.', REST), rcode: 3 },
    `NXDOMAIN\na.org. 9 IN CNAME b.${EXTRA}`,
  ],
  [
    'an alias whose target has no record of the type',
    answerOf('a.org. 9 CNAME b.', {
      ...REST,
      authority: [parseRecord('org. 9 SOA a. b. 1 2 3 4 5'), ...REST.authority],
    }),
    'NOERROR\na.org. 9 IN CNAME b.\n-- org. 9 IN SOA a. b. 1 2 3 4 5',
  ],
  [
    'a signed answer from a wildcard',
    answerOf('a.org. 9 A 192.0.2.1', { ...REST, authority: [...REST.authority, NSEC, sig('NS'), sig('NSEC')] }),
    `NOERROR\na.org. 9 IN A 192.0.2.1\n-- org. 9 IN NSEC b.org. A\n-- ${printRecord(sig('NSEC')).replaceAll('\t', ' ')}`,
  ],
])('%s', async (_, below, reply) => {
  const { ask, query } = inFrontOf(minimal, 'minimal', below);
  expect(await ask('a.org. A')).toBe(reply);
  expect((await query('a.org. A')).repeat).toBeDefined();
});

test('minimal takes no arguments', () => {
  expect(() => parsePlugin(minimal, 'minimal x')).toThrow("unexpected line ending after 'x'");
});
