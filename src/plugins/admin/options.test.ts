import { expect, test } from 'vitest';
import { parsePlugin } from '../../../test/support/plugin.ts';
import admin from './index.ts';
import { isLoopbackHost } from './options.ts';

const LOCALHOST = ['127.0.0.1', '::1'];

test.each([
  ['admin', { kind: 'tcp', addresses: LOCALHOST, port: 9154 }],
  ['admin localhost:1234', { kind: 'tcp', addresses: LOCALHOST, port: 1234 }],
  ['admin 127.0.0.53:1234', { kind: 'tcp', addresses: ['127.0.0.53'], port: 1234 }],
  ['admin [::1]:1234', { kind: 'tcp', addresses: ['::1'], port: 1234 }],
  ['admin unix:///run/cairn/admin.sock', { kind: 'unix', path: '/run/cairn/admin.sock' }],
  ['admin /run/admin.sock', { kind: 'unix', path: '/run/admin.sock' }],
  ['admin run/admin.sock', { kind: 'unix', path: 'run/admin.sock' }],
  ['admin :9154 {\ntoken t\n}', { kind: 'tcp', addresses: [undefined], port: 9154 }],
  ['admin [2001:db8::1]:9154 {\nread_token t\n}', { kind: 'tcp', addresses: ['2001:db8::1'], port: 9154 }],
  ['admin dns.example:9154 {\ntoken t\n}', { kind: 'tcp', addresses: ['dns.example'], port: 9154 }],
])('%j listens at %j', (body, address) => {
  expect(parsePlugin(admin, body)).toMatchObject({ address });
});

test('the files of tokens are two options', () => {
  const options = parsePlugin(admin, 'admin {\ntoken a\nread_token b\n}');
  expect(options).toMatchObject({ token: { path: 'a' }, readToken: { path: 'b' } });
});

test.each([
  ['admin a:1 b:2', /1:11 .*takes at most 1 argument/],
  [
    'admin localhost',
    /1:7 .*"localhost" is not an address to listen on: write HOST:PORT, .* or the path of a Unix socket, such as /,
  ],
  [
    'admin :9154',
    /1:7 .*other machines can connect to ':9154', so a token is needed - add 'token FILE' in a block, or listen on localhost:9154/,
  ],
  ['admin 192.0.2.1:9154', /1:7 .*a token is needed/],
  ['admin [::]:9154', /1:7 .*a token is needed/],
  ['admin dns.example:9154 {\n}', /1:7 .*a token is needed/],
  ['admin\nadmin', /2:1 .*only be used once/],
  ['admin {\ntokens a\n}', /2:1 .*unknown property 'tokens'; did you mean token\?|unknown property 'tokens'/],
  ['admin {\ntoken\n}', /2:1 .*'token' takes exactly 1 argument/],
  ['admin {\ntoken a b\n}', /2:9 .*'token' takes exactly 1 argument/],
  ['admin {\ntoken a\ntoken b\n}', /3:1 .*'token' names one file, and there are two - remove one/],
  ['admin {\ntoken ""\n}', /2:7 .*'token' names no file/],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(admin, body)).toThrow(message);
});

test.each([
  ['localhost', true],
  ['LOCALHOST.', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['localhost.example', false],
  ['127.0.0.1.example', false],
  ['1270.0.0.1', false],
  ['[::2]', false],
  ['', false],
])('%j leads to this machine alone: %s', (host, is) => {
  expect(isLoopbackHost(host)).toBe(is);
});
