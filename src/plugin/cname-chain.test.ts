import { expect, test } from 'vitest';
import { printReply } from '../../test/support/query.ts';
import { parseRecord } from '../dns/presentation.ts';
import { afterCnameChain } from './cname-chain.ts';
import { createReply, failure } from './reply.ts';

const CHAIN = { source: 'test', answer: [parseRecord('a.org. 5 CNAME b.org.')] };

test.each([
  ['an answer', createReply('x', { answer: [parseRecord('b.org. 9 A 192.0.2.1')] }), 'NOERROR'],
  ['nobody serves', failure('x', 5), 'NOERROR'],
  ['nobody could ask for', failure('x', 5, new Error('too many queries')), 'SERVFAIL'],
  ['a failure', failure('x', 2), 'SERVFAIL'],
])('a CNAME chain to a name with %s', (_, target, rcode) => {
  expect(printReply(afterCnameChain(CHAIN, target)).split(' ')[0]).toBe(rcode);
});
