import { expect, test } from 'vitest';
import { Rcode } from '../../src/dns/message.ts';
import { foldName } from '../../src/dns/name.ts';
import { parseRecord } from '../../src/dns/presentation.ts';
import { A, rr } from '../../src/dns/rr.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import type { PluginEnv } from '../../src/plugin/env.ts';
import { type DependsOn, definePlugin, type Handler, type PluginDefinition } from '../../src/plugin/plugin.ts';
import { type Query, withQuestion } from '../../src/plugin/query.ts';
import { UNCHANGING } from '../../src/plugin/repeat.ts';
import { createReply, mapReply, type Reply } from '../../src/plugin/reply.ts';
import { plugins } from '../../src/plugins.ts';
import { firstMessage } from '../../src/server/answer/stream.ts';
import { exchangeUdp } from '../support/ask.ts';
import { fakeClock } from '../support/clock.ts';
import { printReply, testMessage } from '../support/query.ts';
import { startServer } from '../support/server.ts';

/*
 * A plugin that changes what its clients get by their address, and says nothing else of itself, must never give one client the answer of
 * another. That holds for each place in the chain, each kind of change, and each order of clients. The same plugins with `dependsOn: 'question'`
 * show that the tests can see a leak.
 */

const [INSIDE, OUTSIDE] = ['127.0.0.1', '127.0.0.2'] as const;
const isInside = ({ client }: Query) => client.address === INSIDE;

const OPTION = 65_001;
const WWW = 'www.example.org.';
const HIDDEN = 'hidden.example.org.';
const SOA = parseRecord('example.org. 30 IN SOA a. b. 1 2 3 4 30');

/** Answers from the question and its EDNS options alone, later if it is asked for slow names. */
function originAnswer({ question, edns }: Query): Reply {
  const name = foldName(question.name);
  const isMarked = edns?.options.some(({ code }) => code === OPTION);
  const address = name === HIDDEN ? '10.0.0.1' : isMarked ? '10.0.0.2' : '192.0.2.1';
  return createReply('origin', { answer: [rr(A, question.name, 30, { address })], repeat: UNCHANGING });
}

const origin = (isSlow: boolean): PluginDefinition =>
  definePlugin({
    name: 'origin',
    dependsOn: 'question',
    parse: () => undefined,
    create: () => ({
      wrap: () => (query) =>
        isSlow ? new Promise((resolve) => setImmediate(() => resolve(originAnswer(query)))) : originAnswer(query),
    }),
  });

/** What naive plugins do for clients of the inside. */
const NAIVE: Readonly<Record<string, (query: Query, next: Handler, env: PluginEnv) => Reply | Promise<Reply>>> = {
  'changes the reply': (query, next) => mapReply(next(query), (reply) => ({ ...reply, answer: [inside(query)] })),
  'answers by itself': (query) => createReply('naive', { answer: [inside(query)], repeat: UNCHANGING }),
  'denies the name': () =>
    createReply('naive', { rcode: Rcode.NXDOMAIN, aa: true, authority: [SOA], repeat: UNCHANGING }),
  'says NODATA': () => createReply('naive', { aa: true, authority: [SOA], repeat: UNCHANGING }),
  throws: () => {
    throw new Error('clients of the inside are not served');
  },
  rejects: async () => {
    throw new Error('clients of the inside are not served');
  },
  'fails with a reply': () => createReply('naive', { rcode: Rcode.SERVFAIL, repeat: UNCHANGING }),
  'asks for another name': (query, next) => next(withQuestion(query, { ...query.question, name: HIDDEN })),
  'asks for another name, and forgets the folded one': (query, next) =>
    next({ ...query, question: { ...query.question, name: HIDDEN } }),
  'adds an EDNS option': (query, next) => next(marked(query)),
  'adds an EDNS option to the message, too': (query, next) => {
    const { edns } = marked(query);
    return next({ ...query, edns, message: { ...query.message, edns } });
  },
  'asks the server another question': (query, _, env) => env.resolve(query, { ...query.question, name: HIDDEN }),
  'asks the server with another query': (query, _, env) => env.resolve(marked(query), query.question),
  'waits, and changes the reply': async (query, next) => {
    const reply = await next(query);
    await new Promise(setImmediate);
    return { ...reply, answer: [inside(query)] };
  },
};

/** What JavaScript lets a plugin do that the types forbid. */
const RUDE: typeof NAIVE = {
  'changes the records of the reply in place': (query, next) =>
    mapReply(next(query), (reply) => {
      (reply.answer[0] as unknown as { data: object }).data = { address: '10.0.0.66' };
      return reply;
    }),
  'changes the sections of the reply in place': (query, next) =>
    mapReply(next(query), (reply) => {
      (reply.answer as unknown[])[0] = inside(query);
      return reply;
    }),
  'changes the query in place': (query, next) => {
    (query.question as { name: string }).name = HIDDEN;
    return next(query);
  },
};

const inside = ({ question }: Query) => rr(A, question.name, 30, { address: '10.0.0.66' });

function marked(query: Query): Query {
  const options = [{ code: OPTION, data: new Uint8Array() }];
  return { ...query, edns: { udpSize: 1232, version: 0, do: false, options } };
}

function naive(does: (typeof NAIVE)[string], dependsOn?: DependsOn): PluginDefinition {
  return definePlugin({
    name: 'naive',
    ...(dependsOn && { dependsOn }),
    parse: () => undefined,
    create: (_, env) => ({
      wrap: (next) => (query) => {
        const isLookup = query.depth > 0;
        return isInside(query) && !isLookup ? does(query, next, env) : next(query);
      },
    }),
  });
}

/** All plugins, the naive one directly before or after `cache`, and the origin at the end. */
function chain(place: 'before' | 'after', isSlow: boolean, plugin: PluginDefinition): readonly PluginDefinition[] {
  const at = plugins.findIndex(({ name }) => name === 'cache') + (place === 'after' ? 1 : 0);
  return [...plugins.slice(0, at), plugin, ...plugins.slice(at), origin(isSlow)];
}

const CACHES = {
  'no cache': '',
  cache: 'cache',
  'cache that fetches ahead and serves stale answers': 'cache 30 {\nprefetch 1 1m 90%\nserve_stale 1h immediate\n}',
  'cache that verifies stale answers': 'cache 30 {\nserve_stale 1h verify\n}',
};

const OLD = 'dns64 64:ff9b::/96 {\nallow_ipv4\n}\nautopath /dev/null\nloadbalance\n';

/** Clients, in the order in which they ask; each list in brackets asks at the same time. */
const ORDERS = [
  [[INSIDE], [INSIDE], [INSIDE], [OUTSIDE], [OUTSIDE], [INSIDE]],
  [[OUTSIDE], [OUTSIDE], [OUTSIDE], [INSIDE], [INSIDE], [OUTSIDE]],
  [[INSIDE, OUTSIDE], [INSIDE], [OUTSIDE]],
  [[OUTSIDE, INSIDE, OUTSIDE], [OUTSIDE], [INSIDE], [INSIDE]],
];

/** What both clients got in every order, each set in the words of {@link printReply} without flags. */
async function outcomes(definitions: readonly PluginDefinition[], cache: string) {
  const got = { [INSIDE]: new Set<string>(), [OUTSIDE]: new Set<string>() };
  for (const stepMs of [0, 20_000, 40_000]) {
    for (const order of ORDERS) {
      const clock = fakeClock();
      const { server } = await startServer(`. {\n${OLD}${cache}\nnaive\norigin\n}\n`, { clock, plugins: definitions });
      for (const clients of order) {
        const replies = await Promise.all(
          clients.map(async (address) => {
            const bytes = await server.answer(encodeMessage(testMessage(`${WWW} A`)), { client: { address, port: 1 } });
            return [address, said(firstMessage(bytes)!)] as const;
          }),
        );
        for (const [address, text] of replies) got[address].add(text);
        clock.advance(stepMs);
        await new Promise(setImmediate);
      }
      await server.shutdown();
    }
  }
  return { inside: [...got[INSIDE]], outside: [...got[OUTSIDE]] };
}

/** The rcode and the addresses of an answer. */
function said(bytes: Uint8Array): string {
  const [status, ...records] = printReply(decodeMessage(bytes)).split('\n');
  const addresses = records.filter((record) => / IN A /.test(record)).map((record) => record.split(' ').at(-1));
  return [status!.split(' ')[0], ...addresses].join(' ');
}

const PUBLIC = 'NOERROR 192.0.2.1';
const cases = Object.entries(CACHES).flatMap(([title, cache]) =>
  (['before', 'after'] as const).flatMap((place) =>
    [false, true].flatMap((isSlow) =>
      Object.keys({ ...NAIVE, ...RUDE }).map(
        (what) => [what, place, title, isSlow ? 'slow' : 'quick', cache, isSlow] as const,
      ),
    ),
  ),
);

test.each(cases)(
  'a plugin that %s, %s cache (%s, %s origin), leaks nothing',
  async (what, place, _, __, cache, isSlow) => {
    const plugin = naive({ ...NAIVE, ...RUDE }[what]!);
    const { inside, outside } = await outcomes(chain(place, isSlow, plugin), cache);
    expect(outside).toEqual([PUBLIC]);
    expect(inside).toHaveLength(1);
    expect(inside).not.toEqual([PUBLIC]);
  },
);

test.each(Object.keys(NAIVE))(
  'the tests see a leak of a plugin that %s, if it says that it makes none',
  async (what) => {
    const leaks = [];
    for (const place of ['before', 'after'] as const) {
      for (const isSlow of [false, true]) {
        const { inside, outside } = await outcomes(chain(place, isSlow, naive(NAIVE[what]!, 'question')), 'cache');
        leaks.push(outside.length > 1 || inside.length > 1);
      }
    }
    expect(leaks).toContain(true);
  },
);

/** What both clients get from worker threads, which learn answers from the main thread. */
async function overUdp(plugin: PluginDefinition, place: 'before' | 'after') {
  const corefile = `. {\nmultisocket 2\ncache\nnaive\norigin\n}\n`;
  const { port } = await startServer(corefile, { plugins: chain(place, false, plugin) });
  const ask = async (from: string) =>
    said(await exchangeUdp('127.0.0.1', port, encodeMessage(testMessage(`${WWW} A`)), from));
  const got = { [INSIDE]: new Set<string>(), [OUTSIDE]: new Set<string>() };
  for (let round = 0; round < 20; round++) {
    const order = round % 4 < 2 ? ([INSIDE, OUTSIDE] as const) : ([OUTSIDE, INSIDE] as const);
    for (const client of order)
      for (const text of await Promise.all([ask(client), ask(client), ask(client)])) got[client].add(text);
  }
  return { inside: [...got[INSIDE]], outside: [...got[OUTSIDE]] };
}

const batched = test.runIf(await loadMachinery());

batched.each(['before', 'after'] as const)('worker threads leak nothing of a plugin %s cache', async (place) => {
  const does = NAIVE['changes the reply']!;
  expect(await overUdp(naive(does), place)).toEqual({ inside: ['NOERROR 10.0.0.66'], outside: [PUBLIC] });
  expect(await overUdp(naive(does, 'question'), place)).not.toEqual({
    inside: ['NOERROR 10.0.0.66'],
    outside: [PUBLIC],
  });
});

test('nobody waits for the query of another client that a plugin below cache holds up', async () => {
  const held = Promise.withResolvers<void>();
  const plugin = naive(async (query, next) => {
    await held.promise;
    return next(query);
  });
  const { server } = await startServer('. {\ncache\nnaive\norigin\n}\n', { plugins: chain('after', false, plugin) });
  const ask = async (address: string) => {
    const bytes = await server.answer(encodeMessage(testMessage(`${WWW} A`)), { client: { address, port: 1 } });
    return said(firstMessage(bytes)!);
  };
  const inside = ask(INSIDE);
  expect(await ask(OUTSIDE)).toBe(PUBLIC);
  held.resolve();
  expect(await inside).toBe(PUBLIC);
});

/** Makes a new reply of what it gets from below, or throws, and says that this follows from the question. */
const combining = (what: 'a reply' | 'an error'): PluginDefinition =>
  definePlugin({
    name: 'combining',
    dependsOn: 'question',
    parse: () => undefined,
    create: () => ({
      wrap: (next) => (query) =>
        mapReply(next(query), ({ answer }) => {
          if (what === 'an error' && /66/.test(JSON.stringify(answer))) throw new Error('no such address');
          return createReply('combining', { answer, repeat: UNCHANGING });
        }),
    }),
  });

test.each([
  ['a reply', 'NOERROR 10.0.0.66'],
  ['an error', 'SERVFAIL'],
] as const)('another plugin that makes %s of what it got through a plugin leaks nothing', async (what, expected) => {
  for (const does of ['changes the reply', 'waits, and changes the reply']) {
    const definitions = chain('after', false, naive(NAIVE[does]!));
    const at = definitions.findIndex(({ name }) => name === 'naive');
    const between = [...definitions.slice(0, at), combining(what), ...definitions.slice(at)];
    expect(await outcomes(between, 'cache\ncombining')).toEqual({ inside: [expected], outside: [PUBLIC] });
  }
});
