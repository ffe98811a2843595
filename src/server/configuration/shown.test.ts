import { expect, test } from 'vitest';
import { definePlugin } from '../../plugin/plugin.ts';
import { plugins } from '../../plugins.ts';
import { corefileSource } from './corefile-source.ts';
import { shownCorefile, shownError, shownText } from './shown.ts';

/** A plugin of a package that does not say which arguments are secrets. */
const silent = definePlugin({ name: 'silent', parse: () => ({}), create: () => ({}) });

const ENV = {
  UPSTREAM: '192.0.2.53',
  API_TOKEN: 'hunter2-hunter2',
  PATHS: 'a b',
};

function configure(body: string) {
  const text = `.:53 {\n${body}\n}\n`;
  const source = corefileSource({ file: 'Corefile', text, plugins: [...plugins, silent], dnsPort: 53, env: ENV });
  return source.load().configuration.blocks;
}

test.each<[what: string, body: string, shown: string]>([
  ['a value of an environment variable', 'forward . {$UPSTREAM}', 'forward . 192.0.2.53'],
  ['a value with blanks', 'silent {$PATHS}', 'silent "a b"'],
  ['a value of a variable that holds a secret', 'silent x{%API_TOKEN%}', 'silent x{%API_TOKEN%}'],
  ['the same as the name of an option', 'silent {\n{$API_TOKEN} y\n}', 'silent {\n    {$API_TOKEN} y\n}'],
  [
    'an option whose name says that it is a secret',
    'silent {\npassword a b\n}',
    'silent {\n    password (hidden) (hidden)\n}',
  ],
  ['a reference there', 'silent {\napi_key {$UPSTREAM}\n}', 'silent {\n    api_key {$UPSTREAM}\n}'],
  ['an argument that names a secret', 'silent secret-key=abc zone=x', 'silent secret-key=(hidden) zone=x'],
  [
    'words that only look alike',
    'silent keyboard {\nmonkey a\ntokyo b\n}',
    'silent keyboard {\n    monkey a\n    tokyo b\n}',
  ],
  [
    'a query in a URL',
    'trace otlp https://otel.example.org/v1/traces?key=abc',
    'trace otlp https://otel.example.org/v1/traces?(hidden)',
  ],
  [
    'a user and a password in a URL',
    'kubernetes cluster.local {\nendpoint https://admin:abc@192.0.2.1:6443\n}',
    'kubernetes cluster.local {\n    endpoint https://(hidden)@192.0.2.1:6443\n}',
  ],
  [
    'a password in a URL from a variable',
    'silent https://u:{$API_TOKEN}@example.org/?a',
    'silent https://(hidden)@example.org/?(hidden)',
  ],
  [
    'what `rewrite` tells upstreams',
    'rewrite edns0 local set 0xffee 0xabcd',
    'rewrite edns0 local set 0xffee (hidden)',
  ],
  [
    'the same in a block',
    'rewrite edns0 {\nlocal append 0xffee abc revert\n}',
    'rewrite edns0 {\n    local append 0xffee (hidden) revert\n}',
  ],
  [
    'the same in a block of its own',
    'rewrite {\nedns0 local set 0xffee abc\n}',
    'rewrite {\n    edns0 local set 0xffee (hidden)\n}',
  ],
  ['data of the query', 'rewrite edns0 local set 0xffee {client_ip}', 'rewrite edns0 local set 0xffee {client_ip}'],
  ['another rule', 'rewrite name set.example local.example', 'rewrite name set.example local.example'],
  ['a path of a token', 'admin {\ntoken /run/token\n}', 'admin {\n    token /run/token\n}'],
])('%s', (_, body, shown) => {
  const blocks = configure(body);
  expect(blocks.flatMap(({ plugins }) => plugins.map(shownText))).toEqual([shown]);
  const lines = shown.split('\n').map((line) => `    ${line}\n`);
  expect(shownCorefile(blocks)).toBe(`.:53 {\n${lines.join('')}}\n`);
});

test('imports are in their places, and directives in the order of the file', () => {
  const text = '(common) {\nwhoami\nerrors # all\n}\na.org, b.org {\n  import   common\n  log\n}\n';
  const { configuration } = corefileSource({ file: 'Corefile', text, plugins, dnsPort: 53, env: {} }).load();
  expect(shownCorefile(configuration.blocks)).toBe('a.org b.org {\n    whoami\n    errors\n    log\n}\n');
});

test.each([
  ["'https://admin:a'b@192.0.2.1/x' has a path", "'https://(hidden)@192.0.2.1/x' has a path"],
  ['tls://u:p@[2001:db8::1], https://x.example?key=abc', 'tls://(hidden)@[2001:db8::1], https://x.example?(hidden)'],
  ["unknown word 'hunter2-hunter2.example'", "unknown word '{$API_TOKEN}.example'"],
  ["unknown word '192.0.2.53'", "unknown word '192.0.2.53'"],
  ["cannot read 'a@b' and https://example.org/", "cannot read 'a@b' and https://example.org/"],
])('of the error %j, %j is shown', (message, shown) => {
  expect(shownError(message, ENV)).toBe(shown);
});
