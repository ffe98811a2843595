import { expect, test } from 'vitest';
import { testMessage } from '../../../test/support/query.ts';
import { answerTo } from '../../../test/support/upstream.ts';
import type { Message } from '../../dns/message.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { answers, idOf, withId } from './match.ts';

const query = testMessage('Example.org. AAAA', { id: 7 });
const sent = encodeMessage(query);
const reply = (changes: Partial<Message>) => encodeMessage(answerTo(query, [], changes));
const asking = (question: string) => ({ questions: testMessage(question).questions });

test.each([
  ['the same question', {}, true],
  ['another letter case', asking('eXAMPLE.ORG. AAAA'), true],
  ['NXDOMAIN', { rcode: 3 }, true],
  ['an error without a question', { rcode: 1, questions: [] }, true],
  ['no error and no question', { questions: [] }, false],
  ['NXDOMAIN without a question', { rcode: 3, questions: [] }, false],
  ['another id', { id: 8 }, false],
  ['a query', { qr: false }, false],
  ['another name', asking('example.com. AAAA'), false],
  ['a name below', asking('a.example.org. AAAA'), false],
  ['another type', asking('example.org. A'), false],
  ['another class', asking('example.org. AAAA CH'), false],
  ['two questions', { questions: [...query.questions, ...query.questions] }, false],
])('a reply with %s', (_, changes, expected) => {
  expect(answers(reply(changes), sent)).toBe(expected);
});

test.each([0, 1, 11, 12, 20])('%i octets of a reply are no answer', (octets) => {
  expect(answers(reply({}).subarray(0, octets), sent)).toBe(false);
});

test('a new id leaves the query as it was', () => {
  expect(idOf(withId(sent, 65535))).toBe(65535);
  expect(idOf(sent)).toBe(7);
});
