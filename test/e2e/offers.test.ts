import { once as eventOf } from 'node:events';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { placePlugins } from '../../src/packages/place.ts';
import {
  CREDENTIALS,
  createReply,
  definePlugin,
  exactArgs,
  OfferKey,
  once,
  type Plugin,
  type PluginDefinition,
  type PluginEnv,
  parseRecord,
  rr,
  SELECTION,
  SERVICES,
  type ServerCredentials,
  TRANSFERS,
  type TransferSource,
  TXT,
} from '../../src/plugin/index.ts';
import { plugins } from '../../src/plugins.ts';
import { ask } from '../support/ask.ts';
import { answersIn, dialTls, questionOctets } from '../support/ask-encrypted.ts';
import { KEY, SERVER_CERT } from '../support/authority.ts';
import { folderWith } from '../support/folder.ts';
import { startServer } from '../support/server.ts';

/*
 * What plugins of one server block offer each other and the server, as packages use it: the plugins here are written with `cairn-dns/plugin`, and say nothing
 * of what their effect depends on.
 */

type Colour = { readonly name: string };
const COLOUR = new OfferKey<Colour>('colour');

/** A plugin with one argument. */
const outside = (name: string, create: (argument: string, env: PluginEnv) => Plugin): PluginDefinition =>
  definePlugin<string>({ name, parse: (uses) => exactArgs(once(uses), 1)[0].text, create });

const colouring = (name: string, made: WeakRef<Colour>[] = []) =>
  outside(name, (argument, env) => {
    const colour = { name: argument };
    made.push(new WeakRef(colour));
    env.offer(COLOUR, colour);
    return {};
  });

/** Answers with the colours of its server block. */
const showing = outside('show', (_, env) => ({
  wrap() {
    const text = env.ask(COLOUR).map(({ name }) => name);
    return ({ question }) =>
      createReply('show', { answer: [rr(TXT, question.name, 5, { texts: [text.join(' ') || '-'] })] });
  },
}));

const start = (text: string, ...others: readonly PluginDefinition[]) =>
  startServer(text, { plugins: placePlugins(plugins, others) });

test('one plugin gets what the others of its server block offer, in the order of the chain', async () => {
  const text = (zone: string, body: string) => `${zone} {\nbind 127.0.0.1\n${body}\nshow x\n}\n`;
  const corefile = text('a.test', 'second green\nfirst red') + text('b.test', 'second blue') + text('c.test', '');
  const { port } = await start(corefile, colouring('first'), colouring('second'), showing);
  const shown = async (zone: string) => (await ask(port, zone, 'TXT')).answer[0];
  expect([await shown('a.test'), await shown('b.test'), await shown('c.test')]).toEqual([
    '"red green"',
    '"blue"',
    '"-"',
  ]);
});

test('what a plugin offers ends with its configuration', async () => {
  const made: WeakRef<Colour>[] = [];
  const corefile = (colour: string) => `. {\nbind 127.0.0.1\npaint ${colour}\nshow x\n}\n`;
  const { port, server, rewrite } = await start(corefile('red'), colouring('paint', made), showing);
  expect((await ask(port, 'a.test', 'TXT')).answer).toEqual(['"red"']);
  for (const colour of ['blue', 'green']) {
    rewrite(corefile(colour));
    expect(await server.reload()).toBe('reloaded');
    expect((await ask(port, 'a.test', 'TXT')).answer).toEqual([`"${colour}"`]);
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const left = () => {
    collect();
    return made.flatMap((colour) => colour.deref()?.name ?? []);
  };
  await expect.poll(left).toEqual(['green']);
});

test('a plugin that keeps its environment gets nothing from it after a reload', async () => {
  const envs: PluginEnv[] = [];
  const keeping = outside('keep', (_, env) => {
    envs.push(env);
    return {};
  });
  const corefile = (colour: string) => `. {\nbind 127.0.0.1\npaint ${colour}\nkeep x\nwhoami\n}\n`;
  const { server, rewrite } = await start(corefile('red'), colouring('paint'), keeping);
  const before = envs.at(-1)!;
  expect(before.ask(COLOUR)).toEqual([{ name: 'red' }]);
  rewrite(corefile('blue'));
  expect(await server.reload()).toBe('reloaded');
  expect([before.ask(COLOUR), envs.at(-1)!.ask(COLOUR)]).toEqual([[], [{ name: 'blue' }]]);
  expect(() => before.offer(COLOUR, { name: 'green' })).toThrow("'keep' offers 'colour' after it was created");
});

test("after a reload, 'cache' has nothing that plugins below made of an earlier offer", async () => {
  const corefile = (colour: string) => `. {\nbind 127.0.0.1\npaint ${colour}\ncache\nshow x\n}\n`;
  const below: PluginDefinition = { ...showing, dependsOn: 'question', place: { after: 'cache' } };
  const { port, server, rewrite } = await start(corefile('red'), colouring('paint'), below);
  const shown = async () => (await ask(port, 'a.test', 'TXT')).answer;
  expect([await shown(), await shown()]).toEqual([['"red"'], ['"red"']]);
  rewrite(corefile('blue'));
  expect(await server.reload()).toBe('reloaded');
  expect(await shown()).toEqual(['"blue"']);
});

test.each([
  [
    'asks while it is created',
    (env: PluginEnv) => env.ask(COLOUR),
    /^Corefile:2:1 - .*plugin\/early: 'early' asks for 'colour' before/,
  ],
  [
    'uses a key that it made up',
    (env: PluginEnv) => env.offer({ name: 'x' } as OfferKey<string>, ''),
    /'early' uses a key/,
  ],
])('a plugin that %s keeps the server from starting', async (_, does, message) => {
  const early = outside('early', (_, env) => {
    does(env);
    return {};
  });
  await expect(start('. {\nearly x\nwhoami\n}\n', early)).rejects.toThrow(message);
});

test('an error in wrap has its place in the Corefile', async () => {
  const needing = outside('need', (_, env) => ({
    wrap(next) {
      if (env.ask(COLOUR).length === 0) throw new Error('no plugin offers a colour');
      return next;
    },
  }));
  await expect(start('. {\nneed x\nwhoami\n}\n', needing)).rejects.toThrow(
    /^Corefile:2:1 - .*plugin\/need: no plugin offers a colour/,
  );
});

test('a plugin that offers too late keeps the server from starting', async () => {
  const late = outside('late', (name, env) => ({ start: async () => env.offer(COLOUR, { name }) }));
  await expect(start('. {\nlate x\nwhoami\n}\n', late)).rejects.toThrow(
    /^Corefile:2:1 - .*plugin\/late: 'late' offers 'colour' after it was created/,
  );
});

test("'transfer' gives others copies of the zones that a plugin of a package offers", async () => {
  const soa = parseRecord('a.test. 5 SOA ns host 7 1 2 3 4');
  const zone = { serial: 7, soa, records: () => [parseRecord('a.test. 5 NS ns.a.test.')] };
  const source: TransferSource = { zones: ['a.test.'], zone: () => zone, onChange: () => () => {} };
  const holding = outside('hold', (_, env) => {
    env.offer(TRANSFERS, source);
    return {};
  });
  const { port } = await start('. {\nbind 127.0.0.1\ntransfer {\nto *\n}\nhold x\nwhoami\n}\n', holding);
  const { answer } = await ask(port, 'a.test', 'AXFR', { tcp: true });
  expect(answer).toEqual(['ns. host. 7 1 2 3 4', 'ns.a.test.', 'ns. host. 7 1 2 3 4']);
});

test('a plugin of a package chooses the queries of its server block', async () => {
  const choosing: PluginDefinition = {
    ...outside('large', (size, env) => {
      env.offer(SELECTION, ({ edns }) => (edns?.udpSize ?? 0) >= Number(size));
      return {};
    }),
    settings: () => ({ view: 'large' }),
  };
  const block = (body: string, address: string) =>
    `. {\nbind 127.0.0.1\n${body}\nhosts /dev/null {\n${address} a.test\n}\n}\n`;
  const { port } = await start(block('large 2000', '192.0.2.1') + block('', '192.0.2.2'), choosing);
  const ofSize = async (udpSize: number) => (await ask(port, 'a.test', 'A', { udpSize })).answer;
  for (let i = 0; i < 3; i++) expect([await ofSize(4096), await ofSize(512)]).toEqual([['192.0.2.1'], ['192.0.2.2']]);
});

test('a block whose plugin names a choice of queries and offers none is not served to all', async () => {
  const naming: PluginDefinition = { ...outside('name', () => ({})), settings: () => ({ view: 'name' }) };
  await expect(start('. {\nname x\nwhoami\n}\n', naming)).rejects.toThrow(
    /^Corefile:2:1 - .*plugin\/name: its settings have 'view', but it offers no choice of queries - call env.offer/,
  );
});

test.each<[string, () => unknown, RegExp]>([
  [
    'throws',
    () => {
      throw new Error('no idea');
    },
    /Recovered from panic in server: .*no idea/,
  ],
  ['returns a promise', async () => true, /Recovered from panic in server: .*must return true or false at once/],
])('a choice of queries that %s takes none, and is reported', async (_, choose, message) => {
  const failing = outside('fail', (_, env) => {
    env.offer(SELECTION, choose as () => boolean);
    return {};
  });
  const views: PluginDefinition = { ...failing, settings: () => ({ view: 'fail' }) };
  const block = (body: string, address: string) =>
    `. {\nbind 127.0.0.1\n${body}\nhosts /dev/null {\n${address} a.test\n}\n}\n`;
  const { port, lines } = await start(block('fail x', '192.0.2.1') + block('', '192.0.2.2'), views);
  expect((await ask(port, 'a.test', 'A')).answer).toEqual(['192.0.2.2']);
  expect(lines.join('\n')).toMatch(message);
});

test('a plugin of a package knows the services of the cluster', async () => {
  const cluster = folderWith({
    'web.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {clusterIP: 10.0.0.1, ports: [{port: 80}]}\n',
  });
  const listing = outside('list', (namespace, env) => ({
    wrap: () => {
      const [view] = env.ask(SERVICES);
      return ({ question }) => {
        const texts = [...view!.registry.services()]
          .filter((service) => service.namespace === namespace)
          .map(({ name }) => name);
        return createReply('list', { answer: [rr(TXT, question.name, 5, { texts })] });
      };
    },
  }));
  const { port } = await start(
    `. {\nbind 127.0.0.1\nkubernetes cluster.local {\nmanifests ${cluster}\n}\nlist shop\n}\n`,
    listing,
  );
  await expect.poll(async () => (await ask(port, 'a.test', 'TXT')).answer).toEqual(['"web"']);
});

/** Says that it secures connections, and offers what with. */
const securing = (credentials?: () => ServerCredentials): PluginDefinition => ({
  ...outside('secure', (_, env) => {
    if (credentials) env.offer(CREDENTIALS, credentials);
    return {};
  }),
  settings: () => ({
    tls: { plugin: 'secure', text: 'secure x', position: { file: 'Corefile', line: 2, column: 1 } },
  }),
});

test('a plugin of a package secures the connections of its server block', async () => {
  const credentials: ServerCredentials = { cert: SERVER_CERT, key: KEY, ca: undefined, clientAuth: 'nocert' };
  const corefile = 'tls://. {\nsecure x\nhosts /dev/null {\n192.0.2.1 www.example.org\n}\n}\n';
  const { port } = await start(
    corefile,
    securing(() => credentials),
  );
  expect(answersIn(await (await dialTls(port)).ask(questionOctets('www.example.org', 'A')))).toEqual(['192.0.2.1']);
});

const NO_KEY: ServerCredentials = { cert: SERVER_CERT, key: 'x', ca: undefined, clientAuth: 'nocert' };

test.each<[string, string, () => unknown, RegExp | undefined]>(
  ['tls', 'https'].flatMap((transport) => [
    [
      transport,
      'throw',
      () => {
        throw new Error('no idea');
      },
      /plugin\/secure: no credentials, so connections are closed: no idea/,
    ],
    [transport, 'give nothing', () => undefined, /connections are closed: its offer gives no certificate/],
    [transport, 'give an invalid key', () => NO_KEY, undefined],
  ]),
)('over %s, credentials that %s close the connection', async (transport, _, credentials, message) => {
  const { port, lines } = await start(
    `${transport}://. {\nbind 127.0.0.1\nsecure x\nwhoami\n}\n`,
    securing(credentials as () => ServerCredentials),
  );
  for (let i = 0; i < 2; i++) {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.of(0x16, 3, 1, 0, 1, 1)));
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk)).on('error', () => {});
    await eventOf(socket, 'close');
    expect(got).toEqual([]);
  }
  expect(lines.filter((line) => line.includes('plugin/secure')).length).toBe(message ? 1 : 0);
  if (message) expect(lines.join('\n')).toMatch(message);
});

test.each(['tls', 'https'])(
  'a plugin that says so and offers nothing leaves no %s listener in the clear',
  async (transport) => {
    await expect(start(`${transport}://. {\nsecure x\nwhoami\n}\n`, securing())).rejects.toThrow(
      /^Corefile:2:1 - .*plugin\/secure: its settings have 'tls', but it offers no credentials - call env.offer/,
    );
  },
);
