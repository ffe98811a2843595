import { expect, test } from 'vitest';
import { makePlugin, nextHandler, parsePlugin } from '../../../test/support/plugin.ts';
import { printReply, type TestQueryOptions, testQuery } from '../../../test/support/query.ts';
import type { Reply } from '../../plugin/reply.ts';
import whoami from './index.ts';

/** 255 octets on the wire, so that no label fits before it. */
const LONGEST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`;

test.each<[string, TestQueryOptions, string[]]>([
  ['Example.org. A', {}, ['++ Example.org. 0 IN A 192.0.2.1', '++ _udp.Example.org. 0 IN SRV 0 0 40212 .']],
  [
    'example.org. TXT',
    { protocol: 'tcp', client: { address: '2001:db8::1', port: 5 } },
    ['++ example.org. 0 IN AAAA 2001:db8::1', '++ _tcp.example.org. 0 IN SRV 0 0 5 .'],
  ],
  [
    'example.org. A',
    { client: { address: 'fe80::1%eth0', port: 5 } },
    ['++ example.org. 0 IN AAAA fe80::1', '++ _udp.example.org. 0 IN SRV 0 0 5 .'],
  ],
  ['. NS', {}, ['++ . 0 IN A 192.0.2.1', '++ _udp. 0 IN SRV 0 0 40212 .']],
  [`${LONGEST} A`, {}, [`++ ${LONGEST} 0 IN A 192.0.2.1`]],
])('%.30s', (question, options, additional) => {
  const { plugin } = makePlugin(whoami, 'whoami');
  const reply = plugin.wrap!(nextHandler)(testQuery(question, options)) as Reply;
  expect(printReply(reply)).toBe(['NOERROR aa', ...additional].join('\n'));
});

test.each([
  ['whoami x', "Corefile:1:8 - Error during parsing: Wrong argument count or unexpected line ending after 'x'"],
  ['whoami {\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(whoami, body)).toThrow(message);
});
