import { describe, expect, test } from 'vitest';
import { Class, type Message, queryMessage, Rcode } from '../../../src/dns/message.ts';
import { parseRecord } from '../../../src/dns/presentation.ts';
import { parseType } from '../../../src/dns/rr.ts';
import { compareReplies, printDifference } from './compare.ts';
import { kindOf, outcomeOf, printOutcome } from './outcome.ts';

const question = { name: 'a.test.', type: parseType('A')!, class: Class.IN };
const SOA = 'test. 5 IN SOA ns.test. host.test. 7 1 2 3 5';

/** A reply of these records: those of authority behind `--`, those of additional behind `++`. */
function reply(lines: readonly string[], header: Partial<Message> = {}): Message {
  const section = (pattern: RegExp) =>
    lines.filter((line) => pattern.test(line)).map((line) => parseRecord(line.replace(/^(--|\+\+) /, '')));
  return {
    ...queryMessage(question),
    ...{ qr: true, aa: true, answer: section(/^[a-z]/i), authority: section(/^--/), additional: section(/^\+\+/) },
    ...header,
  };
}

const A1 = 'a.test. 5 IN A 10.0.0.1';
const A2 = 'a.test. 5 IN A 10.0.0.2';

describe('replies are as good as equal', () => {
  test.each([
    ['in another order', [A1, A2], [A2, A1]],
    ['with a record twice', [A1, A1], [A1]],
    ['with another serial', [`-- ${SOA}`], [`-- ${SOA.replace('7', '8')}`]],
    ['with glue in another order', [`++ ${A1}`, `++ ${A2}`], [`++ ${A2}`, `++ ${A1}`]],
  ])('%s', (_, left, right) => {
    expect(compareReplies(question, reply(left), reply(right))).toBe(undefined);
  });
});

describe('replies differ', () => {
  test.each<[string, Message, string]>([
    ['in rcode', reply([A1], { rcode: Rcode.NXDOMAIN }), '  < NOERROR qr aa rd\n  > NXDOMAIN qr aa rd'],
    ['in flags', reply([A1], { ra: true }), '  < NOERROR qr aa rd\n  > NOERROR qr aa rd ra'],
    ['in TTL', reply(['a.test. 6 IN A 10.0.0.1']), `  < ${A1}\n  > a.test. 6 IN A 10.0.0.1`],
    ['in letter case', reply(['A.test. 5 IN A 10.0.0.1']), `  < ${A1}\n  > A.test. 5 IN A 10.0.0.1`],
    ['in a record too many', reply([A1, A2]), `  > ${A2}`],
    ['in the section', reply([`++ ${A1}`]), `  < ${A1}\n  > ++ ${A1}`],
    ['in the SOA record', reply([A1, `-- ${SOA}`]), `  > -- ${SOA.replace('7', '0')}`],
  ])('%s', (_, right, expected) => {
    expect(printDifference(compareReplies(question, reply([A1]), right)!)).toBe(`a.test. A\n${expected}`);
  });
});

test.each<[Message, string]>([
  [reply([A1]), 'hit'],
  [reply([`-- ${SOA}`]), 'NODATA'],
  [reply([`-- ${SOA}`], { rcode: Rcode.NXDOMAIN }), 'NXDOMAIN'],
  [reply([A1], { rcode: Rcode.NXDOMAIN }), 'failure'],
  [reply([], { rcode: Rcode.SERVFAIL }), 'failure'],
])('kind of outcome %#: %s', (message, kind) => {
  expect(kindOf(outcomeOf(message))).toBe(kind);
});

test('an outcome is printed with its sections', () => {
  expect(printOutcome(outcomeOf(reply([A1, `-- ${SOA}`, `++ ${A2}`])))).toBe(
    `NOERROR qr aa rd\n${A1}\n-- ${SOA.replace('7', '0')}\n++ ${A2}`,
  );
});
