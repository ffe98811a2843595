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

test('a choice of queries that throws takes none, and is reported', async () => {
  const failing = outside('fail', (_, env) => {
    env.offer(SELECTION, () => {
      throw new Error('no idea');
    });
    return {};
  });
  const views: PluginDefinition = { ...failing, settings: () => ({ view: 'fail' }) };
  const block = (body: string) => `. {\nbind 127.0.0.1\n${body}\nwhoami\n}\n`;
  const { port, lines } = await start(block('fail x') + block(''), views);
  expect((await ask(port, 'a.test', 'A')).rcode).toBe('NOERROR');
  expect(lines.join('\n')).toMatch(/Recovered from panic in server: .*no idea/);
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

test.each(['tls', 'https'])(
  'a plugin that says so and offers nothing leaves no %s listener in the clear',
  async (transport) => {
    await expect(start(`${transport}://. {\nsecure x\nwhoami\n}\n`, securing())).rejects.toThrow(
      /^Corefile:2:1 - .*plugin\/secure: its settings have 'tls', but it offers no credentials - call env.offer/,
    );
  },
);
