import { describe, expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import type { TestQueryOptions } from '../../../test/support/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import acl from './index.ts';

const from = (address: string): TestQueryOptions => ({ client: { address, port: 5000 } });
const V4 = from('10.1.2.3');
const V6 = from('2001:db8::1');
const LINK_LOCAL = from('fe80::1%eth0');

/** What becomes of a query: the action, or `pass`. */
async function outcome(body: string, question: string, options: TestQueryOptions = V4): Promise<string> {
  const reply = await inFrontOf(acl, body, { aa: true, ra: true }).query(question, options);
  if (reply.drop) return 'drop';
  if (reply.source === 'next') return 'pass';
  return `${reply.rcode === 5 ? 'block' : 'filter'} ${reply.aa ? 'aa ' : ''}${reply.ednsOptions![0]!.data[1]}`;
}

describe('the first rule that matches decides', () => {
  test.each([
    ['acl {\n block\n}', 'a.org. A', V4, 'block 15'],
    ['acl {\n filter\n}', 'a.org. A', V4, 'filter aa 17'],
    ['acl {\n drop\n}', 'a.org. A', V4, 'drop'],
    ['acl {\n allow\n block\n}', 'a.org. A', V4, 'pass'],
    ['acl {\n block type MX\n}', 'a.org. A', V4, 'pass'],
    ['acl {\n block type MX a\n}', 'a.org. A', V4, 'block 15'],
    ['acl {\n block type ANY\n}', 'a.org. A', V4, 'pass'],
    ['acl {\n block type * net *\n}', 'a.org. A', V4, 'block 15'],
    ['acl {\n block type A * net 10.0.0.0/8 *\n}', 'a.org. MX', V6, 'block 15'],
    ['acl {\n block net 10.0.0.0/8\n}', 'a.org. A', V4, 'block 15'],
    ['acl {\n block net 10.0.0.0/8\n}', 'a.org. A', V6, 'pass'],
    ['acl {\n block net 10.1.2.3\n}', 'a.org. A', V4, 'block 15'],
    ['acl {\n block net 10.1.2.4 2001:db8::/32\n}', 'a.org. A', V6, 'block 15'],
    ['acl {\n block net fe80::/10\n}', 'a.org. A', LINK_LOCAL, 'block 15'],
    ['acl {\n block net 10.1.2.4 type A net 10.1.2.3\n}', 'a.org. A', V4, 'block 15'],
    ['acl {\n allow net 10.0.0.0/8\n drop\n}', 'a.org. A', V6, 'drop'],
    ['acl example.org {\n block\n}', 'a.org. A', V4, 'pass'],
    ['acl example.org {\n block\n}', 'A.Example.org. A', V4, 'block 15'],
    ['acl a.org {\n allow\n}\nacl {\n block\n}', 'x.a.org. A', V4, 'pass'],
    ['acl a.org {\n allow\n}\nacl {\n block\n}', 'b.org. A', V4, 'block 15'],
    ['acl', 'a.org. A', V4, 'pass'],
  ])('%j: %s', async (body, question, options, expected) => {
    expect(await outcome(body, question, options)).toBe(expected);
  });
});

test('only a reply that does not depend on the client may be repeated', async () => {
  const repeatable = async (body: string, question: string) =>
    (await inFrontOf(acl, body, {}).query(question, V4)).repeat !== undefined;
  expect(await repeatable('acl {\n block type MX\n}', 'a.org. A')).toBe(true);
  expect(await repeatable('acl {\n block type MX\n}', 'a.org. MX')).toBe(true);
  expect(await repeatable('acl a.org {\n block net 192.0.2.0/24\n}', 'a.org. A')).toBe(false);
  expect(await repeatable('acl a.org {\n block net 192.0.2.0/24\n}', 'b.org. A')).toBe(true);
  expect(await repeatable('acl {\n allow net 192.0.2.0/24\n block\n}', 'a.org. A')).toBe(false);
});

test('queries are counted by result, including repeated ones', async () => {
  const body = 'acl a.org {\n block type A\n filter type AAAA\n drop type TXT\n}';
  const { query, env } = inFrontOf(acl, body, {}, { view: 'inside' });
  for (const type of ['A', 'AAAA', 'TXT', 'MX']) await query(`x.a.org. ${type}`);
  const blocked: Reply = await query('x.a.org. A');
  for (const again of blocked.repeat!.again) again.value++;
  expect(await env.exposed('coredns_acl')).toEqual([
    'coredns_acl_blocked_requests_total{server="dns://:53",zone="a.org.",view="inside"} 3',
    'coredns_acl_filtered_requests_total{server="dns://:53",zone="a.org.",view="inside"} 1',
    'coredns_acl_dropped_requests_total{server="dns://:53",zone="a.org.",view="inside"} 1',
    'coredns_acl_allowed_requests_total{server="dns://:53",view="inside"} 1',
  ]);
});

test.each([
  ['acl {\n permit\n}', "Corefile:2:2 - Error during parsing: unknown property 'permit'"],
  [
    'acl {\n block type FOO\n}',
    "Corefile:2:13 - Error during parsing: unknown record type 'FOO', expecting one such as A, SRV or TYPE65",
  ],
  ['acl {\n block net 10.0.0.0/33\n}', 'illegal CIDR notation "10.0.0.0/33"'],
  ['acl {\n block A\n}', `Corefile:2:8 - Error during parsing: unknown value 'A', expecting one of type, net`],
  ['acl {\n block net\n}', "Wrong argument count or unexpected line ending after 'net'"],
  ['acl {\n block type net ::1\n}', "Wrong argument count or unexpected line ending after 'type'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(acl, body)).toThrow(message);
});
