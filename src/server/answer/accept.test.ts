import { expect, test } from 'vitest';
import { accept } from './accept.ts';

const HEADER = '1234 0100 0001 0000 0000 0000';
const QUESTION = '01 61 00 0001 0001';
const OPT = '00 0029 04d0 00000000 0000';

test.each([
  ['a query', `${HEADER} ${QUESTION}`, 'query'],
  ['a query with OPT', `1234 0100 0001 0000 0000 0001 ${QUESTION} ${OPT}`, 'query'],
  ['octets behind the message', `${HEADER} ${QUESTION} ffff`, 'query'],
  ['NOTIFY', `1234 2000 0001 0000 0000 0000 ${QUESTION}`, 'query'],
  ['fewer octets than a header has', '1234 0100 0001', 'ignore short'],
  ['a reply', `1234 8100 0001 0000 0000 0000 ${QUESTION}`, 'ignore reply'],
  ['UPDATE: NOTIMP, opcode echoed', `1234 2800 0001 0000 0000 0000 ${QUESTION}`, 'error 1234a8040000000000000000'],
  ['opcode 15', `1234 7800 0001 0000 0000 0000 ${QUESTION}`, 'error 1234f8040000000000000000'],
  ['no question: FORMERR, RD kept', '1234 0100 0000 0000 0000 0000', 'error 123481010000000000000000'],
  ['two questions', `1234 0000 0002 0000 0000 0000 ${QUESTION} ${QUESTION}`, 'error 123480010000000000000000'],
  ['two answers', `1234 0100 0001 0002 0000 0000 ${QUESTION}`, 'error 123481010000000000000000'],
  ['two authorities', `1234 0100 0001 0000 0002 0000 ${QUESTION}`, 'error 123481010000000000000000'],
  ['three additionals', `1234 0100 0001 0000 0000 0003 ${QUESTION}`, 'error 123481010000000000000000'],
  ['a name cut off', `${HEADER} 05 61`, 'error 123481010000000000000000'],
  ['two OPT records', `1234 0100 0001 0000 0000 0002 ${QUESTION} ${OPT} ${OPT}`, 'error 123481010000000000000000'],
  ['class CH', `${HEADER} 01 61 00 0010 0003`, 'refuse 5'],
  ['class ANY', `${HEADER} 01 61 00 0001 00ff`, 'refuse 5'],
  ['EDNS version 1', `1234 0100 0001 0000 0000 0001 ${QUESTION} 00 0029 04d0 00010000 0000`, 'refuse 16'],
])('%s', (_, hex, expected) => {
  expect(printed(accept(octets(hex), false))).toBe(expected);
});

test('other classes pass where a block wants them', () => {
  expect(accept(octets(`${HEADER} 01 61 00 0010 0003`), true).kind).toBe('query');
});

function octets(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function printed(verdict: ReturnType<typeof accept>): string {
  switch (verdict.kind) {
    case 'query':
      return 'query';
    case 'refuse':
      return `refuse ${verdict.rcode}`;
    case 'error':
      return `error ${verdict.reply.toString('hex')}`;
    case 'ignore':
      return `ignore ${verdict.reason}`;
  }
}
