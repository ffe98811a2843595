import { expect, test } from 'vitest';
import { testMessage, testQuery } from '../../../test/support/query.ts';
import { EdnsOption } from '../../dns/message.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { canDropEdns, encodeQuery, encodeWithoutEdns, replyOf } from './message.ts';

const COOKIE = { code: EdnsOption.COOKIE, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
const NSID = { code: EdnsOption.NSID, data: new Uint8Array() };
const EDE = { code: EdnsOption.EDE, data: Uint8Array.of(0, 3) };

test('what is between client and server stays there', () => {
  const query = testQuery('a.org.', { edns: { options: [COOKIE, NSID, EDE] } });
  expect(decodeMessage(encodeQuery(query)).edns?.options).toEqual([EDE]);
  const reply = testMessage('a.org.', { edns: { options: [NSID, EDE] } });
  expect(replyOf({ ...reply, records: reply }, query).ednsOptions).toEqual([EDE]);
});

test('what a plugin above put in is for the upstream, and what that says to it for the client', () => {
  const query = { ...testQuery('a.org.'), edns: { udpSize: 1232, version: 0, do: false, options: [NSID] } };
  expect(decodeMessage(encodeQuery(query)).edns?.options).toEqual([NSID]);
  const reply = testMessage('a.org.', { edns: { options: [COOKIE, NSID] } });
  expect(replyOf({ ...reply, records: reply }, query).ednsOptions).toEqual([NSID]);
});

test('the upstream is asked for AD where a plugin above wants to know', () => {
  const query = testQuery('a.org.');
  expect([query, { ...query, ad: true }].map((each) => decodeMessage(encodeQuery(each)).ad)).toEqual([false, true]);
});

test('a query whose reply others get, too, is made of the question and its flags alone', () => {
  const own = { ...testMessage('A.Org. A', { cd: true, rd: false }), tc: true, aa: true, rcode: 5 };
  const edns = { udpSize: 4096, version: 0, do: true, options: [COOKIE] };
  const query = { ...testQuery('A.Org. A'), message: { ...own, edns }, edns, ad: true, shared: true };
  const expected = testMessage('a.org. A', { id: 0, cd: true, rd: false, ad: true, edns: { do: true } });
  expect(decodeMessage(encodeQuery(query))).toEqual(expected);
  const added = { ...query, edns: { ...edns, options: [COOKIE, EDE] } };
  expect(decodeMessage(encodeQuery(added)).edns?.options).toEqual([EDE]);
});

test('the OPT record can be left out where nobody asked for it', () => {
  const edns = { udpSize: 4096, version: 0, do: false, options: [] };
  const query = { ...testQuery('a.org. A', { edns }), shared: true };
  expect(decodeMessage(encodeWithoutEdns(query))).toEqual(testMessage('a.org. A', { id: 0 }));
  const signed = { ...query, edns: { ...edns, do: true } };
  const added = { ...query, edns: { ...edns, options: [EDE] } };
  expect([query, signed, added, testQuery('a.org. A')].map(canDropEdns)).toEqual([true, false, false, false]);
});
