import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { inFrontOf } from '../../../test/support/chain.ts';
import { parsePlugin } from '../../../test/support/plugin.ts';
import { VERSION } from '../../version.ts';
import chaos from './index.ts';

const text = (owner: string, ...values: string[]) =>
  ['NOERROR aa', ...values.map((value) => `${owner} 0 CH TXT "${value}"`)].join('\n');

test.each([
  ['version.bind. TXT CH', text('version.bind.', 'Vers')],
  ['Version.Server. TXT CH', text('Version.Server.', 'Vers')],
  ['authors.bind. TXT CH', text('authors.bind.', 'Ann B', 'Carl')],
  ['hostname.bind. TXT CH', text('hostname.bind.', hostname())],
  ['id.server. TXT CH', text('id.server.', hostname())],
  ['foo.bind. TXT CH', 'REFUSED'],
  ['version.bind. ANY CH', text('version.bind.', 'Vers')],
  [
    'version.bind. A CH',
    'NOERROR aa\n-- version.bind. 0 CH SOA version.bind. hostmaster.version.bind. 1 7200 1800 86400 0',
  ],
  ['version.bind. TXT IN', 'REFUSED'],
])('%s', async (question, reply) => {
  expect(await inFrontOf(chaos, 'chaos Vers "Ann B" Carl', { rcode: 5 }).ask(question)).toBe(reply);
});

test('without arguments, version and authors are those of the program', async () => {
  const { ask } = inFrontOf(chaos, 'chaos', {});
  expect(await ask('version.bind. TXT CH')).toBe(text('version.bind.', `Cairn-${VERSION}`));
  expect(await ask('authors.bind. TXT CH')).toBe(text('authors.bind.', 'The Cairn authors'));
});

test('opens the listener for other classes', () => {
  expect(chaos.settings!(parsePlugin(chaos, 'chaos'))).toEqual({ anyClass: true });
});

test.each([
  [`chaos ${'x'.repeat(256)}`, 'Corefile:1:7 - Error during parsing: a character-string has at most 255 octets'],
  ['chaos {\n}', "Corefile:1:1 - Error during parsing: Unexpected token '{', expecting argument"],
])('%.20j is an error', (body, message) => {
  expect(() => parsePlugin(chaos, body)).toThrow(message);
});
