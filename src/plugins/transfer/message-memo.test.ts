import { expect, test } from 'vitest';
import { queryMessage } from '../../dns/message.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeRecords } from '../../dns/wire/encode.ts';
import type { TransferableZone } from '../../plugin/transfer.ts';
import { MessageMemo } from './message-memo.ts';

const soa = (serial: number) => parseRecord(`a.test. 5 IN SOA ns.a.test. host.a.test. ${serial} 1 2 3 4`);
const zone = (serial: number, digest?: string) => ({ serial, soa: soa(serial), digest }) as TransferableZone;
const question = (name: string) => ({ name, type: 251, class: 1 });
const changes = (from: number, to: number, count = 60) => [
  ...[soa(from), soa(to)],
  ...Array.from({ length: count }, (_, i) => parseRecord(`n${i}-${from}.A.test. 5 IN A 192.0.2.1`)),
];

test('differences of the same versions are made once, and are those of the client', () => {
  const memo = new MessageMemo();
  let made = 0;
  const ask = (name: string, to: TransferableZone, serial: number, digest?: string) => {
    const found = memo.shortChanges(question(name), to, { serial, digest }, () => {
      made++;
      return changes(serial, to.serial);
    })!;
    const octets = encodeRecords({ ...queryMessage(question(name)), id: 7 }, found.records);
    const { answer, questions } = decodeMessage(octets);
    expect(questions[0]!.name).toBe(name);
    return answer.length === 64 && (answer[1]!.data as { serial: number }).serial;
  };
  expect(ask('a.test.', zone(9, 'd9'), 1, 'd1')).toBe(1);
  expect(ask('A.Test.', zone(9, 'd9'), 1, 'd1')).toBe(1);
  expect(made).toBe(1);
  // Another version of the client, another serial of the same content, another version of the server.
  expect(ask('a.test.', zone(9, 'd9'), 2, 'd2')).toBe(2);
  expect(ask('a.test.', zone(9, 'd9'), 3, 'd1')).toBe(3);
  expect(ask('a.test.', zone(10, 'd10'), 1, 'd1')).toBe(1);
  expect(made).toBe(4);
  // The same serial may be that of other content.
  expect([ask('a.test.', zone(11), 1), ask('a.test.', zone(11), 1)]).toEqual([1, 1]);
  expect(made).toBe(6);
});

test('what does not fit into a message is not made into one', () => {
  const memo = new MessageMemo();
  const short = (count: number) =>
    memo.shortChanges(question('a.test.'), zone(9), { serial: 1 }, () => changes(1, 9, count)) !== undefined;
  expect([short(2000), short(2490), short(2600)]).toEqual([true, true, false]);
  expect(memo.shortChanges(question('a.test.'), zone(9), { serial: 1 }, () => undefined)).toBeUndefined();
});
