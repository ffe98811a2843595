import { expect, test } from 'vitest';
import { ask } from '../../../test/support/ask.ts';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { startServer } from '../../../test/support/server.ts';
import header from './index.ts';

test.each([
  ['response set aa ra', { aa: true, ra: true }],
  ['response clear aa', { aa: false, ra: false }],
  ['response set aa\nresponse clear aa', { aa: false, ra: false }],
  ['set ra\nclear aa', { aa: false, ra: true }],
])('%j of a reply with AA', async (rules, flags) => {
  const { query } = inFrontOf(header, `header {\n${rules}\n}`, { aa: true });
  expect(await query('a.org. A')).toMatchObject(flags);
});

test.each([
  ['query clear rd', { rd: false, aa: false }],
  ['query set aa ra', { rd: true, aa: true, ra: true }],
])('%j of a query with RD', async (rules, flags) => {
  const { query, passed } = inFrontOf(header, `header {\n${rules}\n}`, {});
  const reply = await query('a.org. A');
  expect(passed[0]!.message).toMatchObject(flags);
  expect(reply.fixedFlags).toBeUndefined();
});

test('several uses add up', () => {
  const body = 'header {\n response set aa\n}\nheader {\n query clear rd\n response clear ra\n}';
  expect(parsePlugin(header, body)).toEqual({ query: { rd: false }, response: { aa: true, ra: false } });
});

test('the flags of a reply stand, also where query and block would set others, and out of the cache', async () => {
  const { port } = await startServer(`. {
    cache
    header {
      response clear ra rd
    }
    hosts /dev/null {
      192.0.2.1 www.example.org
      fallthrough
    }
    forward . 127.0.0.1:1
  }`);
  for (let i = 0; i < 3; i++) expect((await ask(port, 'www.example.org', 'A')).flags).toEqual(['aa']);
});

test.each([
  ['header', "Corefile:1:1 - Error during parsing: Wrong argument count or unexpected line ending after 'header'"],
  ['header {\n}', "Corefile:1:1 - Error during parsing: Wrong argument count or unexpected line ending after 'header'"],
  [
    'header x {\n set aa\n}',
    "Corefile:1:8 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
  ],
  ['header {\n reply set aa\n}', "Corefile:2:2 - Error during parsing: unknown property 'reply'"],
  [
    'header {\n query toggle aa\n}',
    "Corefile:2:8 - Error during parsing: unknown value 'toggle', expecting one of set, clear",
  ],
  [
    'header {\n query set tc\n}',
    "Corefile:2:12 - Error during parsing: unknown value 'tc', expecting one of aa, ra, rd",
  ],
  [
    'header {\n response set\n}',
    "Corefile:2:11 - Error during parsing: Wrong argument count or unexpected line ending after 'set'",
  ],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(header, body)).toThrow(message);
});
