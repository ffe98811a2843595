import { expect, test } from 'vitest';
import { corefileSource, loadPlugins, placePlugins, plugins, Server, serviceEnvironment } from '../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests pass what the types forbid
type Untyped = any;

const [Serving, source]: [Untyped, Untyped] = [Server, corefileSource];
const TEXT = { file: 'Corefile', text: '. {\nwhoami\n}\n', plugins, dnsPort: 53 };

test.each<[string, () => unknown, string]>([
  ['a server without options', () => new Serving(), 'Server takes an object with options, not undefined'],
  [
    'a server without a source',
    () => new Serving({}),
    'Server: source is undefined, it should be the result of corefileSource',
  ],
  [
    'a misspelt option',
    () => new Serving({ source: source(TEXT), thread: 2 }),
    'Server has no option `thread`; did you mean threads?',
  ],
  [
    'half a thread',
    () => new Serving({ source: source(TEXT), threads: 0.5 }),
    'Server: threads is 0.5, it should be a whole number from 1 on',
  ],
  ['a source of text', () => source('Corefile'), 'corefileSource takes an object with options, not "Corefile"'],
  [
    'a source without a port',
    () => source({ ...TEXT, dnsPort: undefined }),
    'corefileSource: dnsPort is undefined, it should be a whole number from 0 to 65535',
  ],
  [
    'a source with the name of a plugin',
    () => source({ ...TEXT, plugins: ['whoami'] }),
    "corefileSource: plugins is [ 'whoami' ], it should be a list, each item a plugin such as those of `plugins`",
  ],
  [
    'packages as text',
    () => loadPlugins('@acme/geoip' as Untyped),
    'loadPlugins: names is "@acme/geoip", it should be a list, each item the name of a package',
  ],
  [
    'no plugins to place',
    () => (placePlugins as Untyped)(plugins),
    'placePlugins: loaded is undefined, it should be a list, each item a plugin such as those of `plugins`',
  ],
  [
    'no services',
    () => (serviceEnvironment as Untyped)(),
    'serviceEnvironment: services is undefined, it should be a list of services',
  ],
  [
    'no namespace',
    () => (serviceEnvironment as Untyped)([], {}),
    "serviceEnvironment: namespace is undefined, it should be a namespace's name",
  ],
  [
    'no octets',
    () => new Server({ source: corefileSource(TEXT) }).answer(undefined as Untyped),
    'answer: bytes is undefined, it should be the octets of a message',
  ],
])('%s: the error says what would be right', async (_, call, message) => {
  const failed = async () => call();
  await expect(failed()).rejects.toMatchObject({ code: 'OPTIONS', message });
});
