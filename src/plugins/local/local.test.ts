import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import local from './index.ts';

const soa = (zone: string) => `${zone} 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800`;
const nodata = (zone: string) => `NOERROR aa\n-- ${soa(zone)}`;

test.each([
  ['LocalHost. A', 'NOERROR aa\nLocalHost. 604800 IN A 127.0.0.1'],
  ['localhost. AAAA', 'NOERROR aa\nlocalhost. 604800 IN AAAA ::1'],
  ['localhost. SOA', `NOERROR aa\n${soa('localhost.')}`],
  ['localhost. NS', 'NOERROR aa\nlocalhost. 604800 IN NS localhost.'],
  ['localhost. TXT', nodata('localhost.')],
  ['a.b.localhost. A', 'NOERROR aa\na.b.localhost. 604800 IN A 127.0.0.1'],
  ['a.localhost. SOA', nodata('localhost.')],
  ['localhost.example.org. AAAA', 'NOERROR aa\nlocalhost.example.org. 604800 IN AAAA ::1'],
  ['localhost.example.org. MX', nodata('localhost.example.org.')],
  ['localhosts.example.org. A', 'REFUSED'],
  ['mylocalhost. A', 'REFUSED'],
  ['www.localhost.example.org. A', 'REFUSED'],
  ['1.0.0.127.in-addr.arpa. PTR', 'NOERROR aa\n1.0.0.127.in-addr.arpa. 604800 IN PTR localhost.'],
  ['1.0.0.127.in-addr.arpa. A', nodata('127.in-addr.arpa.')],
  ['0.127.in-addr.arpa. PTR', nodata('127.in-addr.arpa.')],
  ['2.0.0.127.in-addr.arpa. PTR', `NXDOMAIN aa\n-- ${soa('127.in-addr.arpa.')}`],
  ['127.in-addr.arpa. SOA', `NOERROR aa\n${soa('127.in-addr.arpa.')}`],
  ['0.in-addr.arpa. NS', 'NOERROR aa\n0.in-addr.arpa. 604800 IN NS localhost.'],
  ['255.255.255.255.in-addr.arpa. PTR', `NXDOMAIN aa\n-- ${soa('255.in-addr.arpa.')}`],
  ['1.0.0.10.in-addr.arpa. PTR', 'REFUSED'],
  ['localhost. A CH', 'REFUSED'],
])('%s', async (question, reply) => {
  const { ask, query } = inFrontOf(local, 'local', { rcode: 5 });
  expect(await ask(question)).toBe(reply);
  expect((await query(question)).repeat).toBeDefined();
});

test.each([
  ['off', 'localhost.example.org. A', 'REFUSED'],
  ['off', 'a.localhost. A', 'NOERROR aa\na.localhost. 604800 IN A 127.0.0.1'],
  ['on', 'localhost.example.org. A', 'NOERROR aa\nlocalhost.example.org. 604800 IN A 127.0.0.1'],
])('localhost_prefix %s: %s', async (value, question, reply) => {
  const { ask } = inFrontOf(local, `local {\n localhost_prefix ${value}\n}`, { rcode: 5 });
  expect(await ask(question)).toBe(reply);
});

test('names that are localhost only by their prefix or suffix are counted', async () => {
  const { query, env } = inFrontOf(local, 'local', {});
  for (const name of ['localhost.', 'a.localhost.', 'localhost.org.']) await query(`${name} A`);
  for (const again of (await query('localhost.org. A')).repeat!.again) again.value++;
  expect(await env.exposed('coredns_local')).toEqual(['coredns_local_localhost_requests_total 4']);
});

test.each([
  ['local x', "Corefile:1:7 - Error during parsing: Wrong argument count or unexpected line ending after 'x'"],
  [
    'local {\n localhost_prefix maybe\n}',
    "Corefile:2:19 - Error during parsing: unknown value 'maybe', expecting one of on, off",
  ],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(local, body)).toThrow(message);
});
