import { expect, test } from 'vitest';
import { printReply } from '../../test/support/query.ts';
import { parseRecord } from '../dns/presentation.ts';
import { behindLinks } from './behind-links.ts';
import { createReply, failure } from './reply.ts';

const LINKS = { answer: [parseRecord('a.org. 5 CNAME b.org.')] };

test.each([
  ['an answer', createReply('x', { answer: [parseRecord('b.org. 9 A 192.0.2.1')] }), 'NOERROR'],
  ['nobody serves', failure('x', 5), 'NOERROR'],
  ['nobody could ask for', failure('x', 5, new Error('too many queries')), 'SERVFAIL'],
  ['a failure', failure('x', 2), 'SERVFAIL'],
])('links to a name with %s', (_, target, rcode) => {
  expect(printReply(behindLinks('test', LINKS, target)).split(' ')[0]).toBe(rcode);
});
