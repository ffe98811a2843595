import { expect, test } from 'vitest';
import { memoryFiles } from '../../../test/support/memory-files.ts';
import { exactArgs, once } from '../../corefile/arguments.ts';
import { CorefileError, type CorefileErrors } from '../../corefile/error.ts';
import { parseCorefile } from '../../corefile/parser.ts';
import { definePlugin, type PluginDefinition } from '../../plugin/plugin.ts';
import { type Configuration, configure } from './configuration.ts';

/** Three plugins: one takes a number, one sets bind, one takes nothing. */
const plugins: readonly PluginDefinition[] = [
  definePlugin({
    name: 'bind',
    parse: (uses) => uses.flatMap((use) => use.args.map(({ text, position }) => ({ text, position }))),
    settings: (addresses) => ({ bind: { plugin: 'bind', addresses, except: [] } }),
    create: () => ({}),
  }),
  definePlugin({
    name: 'number',
    parse(uses) {
      const [token] = exactArgs(once(uses), 1);
      if (!/^\d+$/.test(token.text)) throw new CorefileError(token.position, `'${token.text}' is no number`);
      return Number(token.text);
    },
    create: () => ({}),
  }),
  definePlugin({
    name: 'answers',
    parse: (uses) => uses.flatMap((use) => use.args.map(({ text }) => text)),
    ends: (zones) => ({ zones, but: 'TXT queries', remedy: 'say less' }),
    create: () => ({}),
  }),
  definePlugin({
    name: 'last',
    parse: () => undefined,
    needs: ['plain'],
    ends: () => ({ zones: [] }),
    create: () => ({}),
  }),
  definePlugin({ name: 'plain', parse: () => undefined, settings: () => ({ recursion: true }), create: () => ({}) }),
];

function read(text: string): Configuration {
  const directives = plugins.map(({ name }) => name);
  return configure(
    parseCorefile({ file: 'Corefile', text, env: {}, files: memoryFiles({}), directives }),
    plugins,
    1053,
  );
}

function errorsOf(text: string): string[] {
  try {
    read(text);
  } catch (thrown) {
    return (thrown as CorefileErrors).message.split('\n');
  }
  return [];
}

test('a block has its keys with ports, its zones once, and its plugins in chain order', () => {
  const { blocks } = read('example.org example.org:5353 10.0.0.0/15 {\nplain\nnumber 5\n}\n');
  expect(blocks[0]?.keys.map(({ zone, port }) => `${zone} ${port}`)).toEqual([
    'example.org. 1053',
    'example.org. 5353',
    '0.10.in-addr.arpa. 1053',
    '1.10.in-addr.arpa. 1053',
  ]);
  expect(blocks[0]?.zones).toEqual(['example.org.', '0.10.in-addr.arpa.', '1.10.in-addr.arpa.']);
  expect(blocks[0]?.plugins.map(({ definition, options }) => [definition.name, options])).toEqual([
    ['number', 5],
    ['plain', undefined],
  ]);
  expect(blocks[0]?.settings).toEqual({ recursion: true });
});

test('all errors are reported at once, by place, those of plugins with their names', () => {
  expect(errorsOf('. {\nnosuch\nnumber x\n}\n.:99999 {\nnumber\n}\n')).toEqual([
    "Corefile:2:1 - Error during parsing: Unknown directive 'nosuch'",
    "Corefile:3:8 - Error during parsing: plugin/number: 'x' is no number",
    expect.stringMatching(/^Corefile:5:1 - Error during parsing: invalid port '?99999'? in '\.:99999'/),
    expect.stringMatching(/^Corefile:6:1 - Error during parsing: plugin\/number: Wrong argument count/),
  ]);
});

test.each([
  [
    'quic://example.org',
    "transport 'quic://' is not supported: write 'tls://example.org' for DNS over TLS, or put a proxy in front that speaks QUIC",
  ],
  [
    'https3://example.org:8443',
    "transport 'https3://' is not supported: write 'https://example.org:8443' for HTTP/2, or put a proxy in front that speaks HTTP/3",
  ],
  [
    'grpc://.',
    "transport 'grpc://' is not supported: write 'tls://.', and 'forward . tls://ADDRESS' in the servers that ask this one",
  ],
  ['tls://example.org', "'tls://example.org' has no certificate: add 'tls CERT KEY' to its block"],
])('the key %s is refused with what to write', (key, message) => {
  expect(errorsOf(`${key} {\nplain\n}\n`)).toEqual([`Corefile:1:1 - Error during parsing: ${message}`]);
});

test.each([
  [
    '.:1053 {\nplain\n}\n. {\nplain\n}\n',
    /Corefile:4:1 - .*cannot serve dns:\/\/\.:1053 - it is already defined, at Corefile:1:1/,
  ],
  [
    '. {\nbind 127.0.0.1\n}\n. {\nplain\n}\n',
    /Corefile:4:1 - .*cannot serve dns:\/\/\.:1053 on 127\.0\.0\.1 - zone overlap/,
  ],
  ['. {\nbind 127.0.0.1\n}\n. {\nbind 127.0.0.1\n}\n', /already defined/],
])('two blocks must not serve one zone at one address: %j', (text, message) => {
  expect(errorsOf(text).join()).toMatch(message);
});

test('one zone may be served by two blocks at two addresses', () => {
  expect(read('. {\nbind 127.0.0.1\n}\n. {\nbind 127.0.0.2\n}\n').blocks).toHaveLength(2);
});

test('zones that RFC 1035 does not prefer are warned of', () => {
  expect(read('_x.org {\nanswers .\n}\n').warnings.map(({ message }) => message)).toEqual([
    'Domain "_x.org." does not follow RFC1035 preferred syntax',
  ]);
});

test.each([
  ['. {\nanswers .\nlast\nplain\n}\n', true],
  ['a.org b.org {\nanswers org.\nlast\nplain\n}\n', true],
  ['. {\nlast\nplain\nanswers org.\n}\n', false],
  ['. {\nanswers .\nplain\n}\n', false],
])('plugins that are never asked are told of: %j', (text, isWarned) => {
  const messages = read(text).warnings.map(({ position, message }) => `${position.line}:${position.column} ${message}`);
  const never = 'it answers for all names of the block, so these are never asked, but for TXT queries';
  expect(messages).toEqual(isWarned ? [`2:1 plugin/answers: ${never}: 'last' at Corefile:3:1 - say less`] : []);
});

test('a plugin that is of no use without another one is an error without it', () => {
  expect(errorsOf('. {\nlast\n}\n')).toEqual([
    "Corefile:2:1 - Error during parsing: plugin/last: the plugin 'plain' must be in the same server block",
  ]);
});

test('errors have the warnings with them, and name the variables that left nothing', () => {
  let thrown: CorefileErrors | undefined;
  try {
    read('{$UNSET}:53 _x.org {\nnumber x\nanswers {$OTHER}\n}\n');
  } catch (error) {
    thrown = error as CorefileErrors;
  }
  expect(thrown?.errors.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/has no zone.* - the environment variable 'UNSET' is not set$/),
    "plugin/number: 'x' is no number",
  ]);
  // The error says what the warning about its variable would say.
  expect(thrown?.warnings.map(({ message }) => message)).toEqual([
    'Domain "_x.org." does not follow RFC1035 preferred syntax',
    "the environment variable 'OTHER' is not set: '{$OTHER}' becomes empty",
  ]);
});

test.each([
  ['all zones of a key are taken', '10.0.0.0/14 {\nplain\n}\n10.0.0.0/14 {\nplain\n}', ['4:1']],
  ['two keys of a block have no certificate', 'tls://a.org tls://b.org {\nplain\n}', ['1:1']],
  ['two keys are taken', 'a.org b.org {\nplain\n}\na.org b.org {\nplain\n}', ['4:1', '4:7']],
])('one mistake is one error: %s', (_, text, positions) => {
  expect(errorsOf(text).map((error) => /^Corefile:(\d+:\d+)/.exec(error)?.[1])).toEqual(positions);
});

test('keys and zones may be references to variables that are not set', () => {
  const { blocks } = read('a.org {$MORE} {\nplain\n}');
  expect(blocks.map(({ zones }) => zones)).toEqual([['a.org.']]);
  expect(errorsOf('{$ZONES} {\nplain\n}')).toEqual([
    expect.stringMatching(/^Corefile:1:10 - .*Unexpected token '\{', expecting a zone.* 'ZONES' is not set$/),
  ]);
});
