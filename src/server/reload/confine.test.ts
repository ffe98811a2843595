import { expect, test } from 'vitest';
import { startServer } from '../../../test/support/server.ts';
import { Epoch } from '../../base/epoch.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { SEARCH_LIST, SELECTION, TRANSFERS } from '../../plugin/keys.ts';
import type { OfferKey } from '../../plugin/offer.ts';
import { passagesOf } from '../../plugin/passages.ts';
import { definePlugin, type Handler, type Plugin, type PluginDefinition } from '../../plugin/plugin.ts';
import { createQuery, type Query } from '../../plugin/query.ts';
import { repeatUntilMoved } from '../../plugin/repeat.ts';
import { createReply, failure, mapReply, type Reply } from '../../plugin/reply.ts';
import { offered, testEnv } from '../../plugin/testing/env.ts';
import { sentReply } from '../../plugin/testing/plugin.ts';
import { testMessage, testQuery } from '../../plugin/testing/query.ts';
import type { TransferSource } from '../../plugin/transfer.ts';
import { plugins } from '../../plugins.ts';
import { firstMessage } from '../answer/stream.ts';
import { scanQuery } from '../memo/key.ts';
import { MemoQuery } from '../memo/query.ts';
import { confinedEnv, confinedHandler, confinedHooks, isConfined } from './confine.ts';

const CELL = { value: 0 };
const OPTION = { code: 65_001, data: Uint8Array.of(1, 2, 3) };

const reply = (parts: Partial<Reply> = {}) =>
  createReply('origin', {
    answer: [parseRecord('www.example.org. 30 A 192.0.2.1'), parseRecord('www.example.org. 30 TYPE65280 \\# 2 0102')],
    authority: [parseRecord('example.org. 30 NS ns.example.org.')],
    fixedFlags: { aa: true },
    ednsOptions: [OPTION],
    ...parts,
  });

/** Changes all that can be reached from a value, as JavaScript lets it. */
function vandalize(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Uint8Array) return void value.fill(255);
  for (const [key, part] of Object.entries(value)) {
    vandalize(part, seen);
    Reflect.set(value, key, 'changed');
  }
  Reflect.set(value, Array.isArray(value) ? 'length' : 'more', 0);
}

/** All that a value says, with its octets, at this moment. */
const said = (value: unknown) => JSON.stringify(value, (_, part) => (part instanceof Uint8Array ? [...part] : part));

const hooks = () =>
  confinedHooks({
    observe: (query, sent) => [query, sent].forEach((told) => void vandalize(told)),
    observeRepetitions: (repetitions) => vandalize(repetitions),
    label: (query) => void vandalize(query),
    explain: (query, reply) => void [query, reply].forEach((told) => void vandalize(told)),
  });

test.each(Object.keys(hooks()) as (keyof ReturnType<typeof hooks>)[])('%s cannot change what it is told of', (hook) => {
  const message = testMessage('www.example.org. A', { edns: { options: [{ code: 8, data: Uint8Array.of(1) }] } });
  const query = createQuery(message, testQuery('.').arrival, 'dns://:53');
  const made = reply({ repeat: repeatUntilMoved([new Epoch()], CELL) });
  const sent = sentReply(query, made);
  const repetitions = {
    ...{ protocol: 'udp' as const, type: 1, zone: '.', server: 'dns://:53', queryOctets: 40, isIPv6: false, do: false },
    ...{ reply: made, octets: 40, count: 2, durationMs: 1 },
  };
  const before = said([query, made, sent, repetitions]);
  const { observe, observeRepetitions, label, explain } = hooks();
  const run = {
    observe: () => observe!(query, sent),
    observeRepetitions: () => observeRepetitions!(repetitions),
    label: () => label!(query, 'x'),
    explain: () => explain!(query, made),
  };
  run[hook]();
  expect(said([query, made, sent, repetitions])).toBe(before);
});

test('a handler cannot change what it is handed', async () => {
  const [query, made] = [testQuery('www.example.org. A'), reply()];
  const before = said([query, made]);
  const wrap = (next: Handler) => (query: Query) =>
    mapReply(next(query), (reply) => {
      for (const shown of [query, reply]) vandalize(shown);
      return reply;
    });
  const handler = confinedHandler(
    'vandal',
    { wrap },
    () => made,
    () => failure('', 2),
  );
  expect(said((await handler(query)).answer)).toBe(said(made.answer));
  expect(said([query, made])).toBe(before);
});

test.each([undefined, null, '', 'Question'])('a plugin that depends on %j is confined', (dependsOn) => {
  const definition = { name: 'x', dependsOn, parse: () => undefined, create: () => ({}) };
  expect(isConfined(definition as unknown as PluginDefinition)).toBe(true);
});

const confined = (plugin: Pick<Plugin, 'wrap'>, next: Handler) =>
  confinedHandler('outside', plugin, next, () => failure('', 2));

test('a plugin keeps its object in wrap', () => {
  class Outside {
    readonly source = 'outside';
    wrap(): Handler {
      return () => createReply(this.source);
    }
  }
  expect(confined(new Outside(), () => reply())(testQuery('a. A'))).toMatchObject({ source: 'outside' });
});

test('a handler cannot change the parts of something that another plugin has frozen at the top', () => {
  const answer = Object.freeze([Object.freeze(parseRecord('www.example.org. 30 A 192.0.2.1'))]);
  const wrap = (next: Handler) => (query: Query) => {
    const shown = next(query) as Reply;
    vandalize(shown.answer);
    return shown;
  };
  const handler = confined({ wrap }, () => reply({ answer }));
  expect(said(handler(testQuery('www.example.org. A')))).toContain('"192.0.2.1"');
  expect(answer[0]!.data).toEqual({ address: '192.0.2.1' });
});

test('a handler cannot change a reply after it has returned it', () => {
  const own = reply();
  const returned = confined({ wrap: () => () => own }, () => reply())(testQuery('www.example.org. A'));
  const before = said(returned);
  vandalize(own);
  expect(said(returned)).toBe(before);
});

test('an observer cannot change what other observers are told of a repeated query', () => {
  const bytes = encodeMessage(testMessage('www.example.org. A', { edns: { udpSize: 1400 } }));
  const { arrival, server } = testQuery('. A');
  const query = new MemoQuery(bytes, arrival, scanQuery(bytes)!, '.', server);
  const saidOfQuery = () => {
    const { type, zone, message, name, edns, octets } = query;
    return said({ type, zone, message, name, edns, octets });
  };
  const { observe } = confinedHooks({
    observe(told) {
      expect({ ...told.edns, name: told.name }).toMatchObject({ udpSize: 1400, name: 'www.example.org.' });
      vandalize(told);
      vandalize(told.message);
    },
  });
  observe!(query, sentReply(query, reply()));
  expect(saidOfQuery()).toBe(
    said({ type: 1, zone: '.', message: decodeMessage(bytes), name: 'www.example.org.', edns: query.edns, octets: 40 }),
  );
});

test.each([
  ['a choice of queries', SELECTION, (): unknown => true],
  ['a search list', SEARCH_LIST, (): unknown => ['example.org.']],
] as const)('%s of a plugin counts as a passage of the query, and cannot change it', (_, key, value) => {
  const env = testEnv();
  const answering = (query: Query): unknown => {
    vandalize(query);
    return value();
  };
  confinedEnv(env).offer(key as OfferKey<typeof answering>, answering);
  env.offers.complete();
  const query = testQuery('www.example.org. A');
  const before = said(query);
  expect(env.ask(key as OfferKey<typeof answering>)[0]!(query)).toEqual(value());
  expect(said(query)).toBe(before);
  expect(passagesOf(query)).toBe(1);
});

test('a plugin cannot change the records of a zone that another one offers', () => {
  const records = [parseRecord('a.test. 5 NS ns.a.test.'), parseRecord('ns.a.test. 5 A 192.0.2.1')];
  const soa = parseRecord('a.test. 5 SOA ns host 7 1 2 3 4');
  const listeners: string[] = [];
  const zone = {
    serial: 7,
    soa,
    records: () => records,
    changesSince: (serial: number) => (serial === 6 ? records : undefined),
  };
  const source: TransferSource = {
    zones: ['a.test.'],
    zone: (name) => (name === 'a.test.' ? zone : undefined),
    onChange: (name) => () => void listeners.push(name),
  };
  const env = testEnv({ offers: [offered('hold', TRANSFERS, source)] });
  env.offers.complete();
  const [shown] = confinedEnv(env).ask(TRANSFERS);
  const before = said([soa, ...records]);
  const { serial, ...rest } = shown!.zone('a.test.')!;
  expect([serial, shown!.zones, shown!.zone('b.test.'), rest.changesSince!(5)]).toEqual([
    7,
    ['a.test.'],
    undefined,
    undefined,
  ]);
  const told = [rest.soa, ...rest.records(), ...rest.changesSince!(6)!];
  expect(told).toEqual([soa, ...records, ...records]);
  vandalize(told);
  shown!.onChange('a.test.', () => {})();
  expect([said([soa, ...records]), listeners]).toEqual([before, ['a.test.']]);
});

test('a plugin without these methods gets none, and the others keep their object', () => {
  expect(confinedHooks({})).toEqual({});
  class Counting {
    #count = 0;
    observe() {
      this.#count++;
    }
    label = () => String(this.#count);
  }
  const { observe, label } = confinedHooks(new Counting());
  const query = testQuery('a. A');
  observe!(query, sentReply(query, reply()));
  expect(label!(query, 'count')).toBe('1');
});

test('records that follow are shown as they are taken', () => {
  const records = [parseRecord('a.example.org. 30 A 192.0.2.1')];
  const told: unknown[] = [];
  const query = testQuery('example.org. AXFR');
  const { observe } = confinedHooks({ observe: (_, { reply }) => void told.push(...reply.following!) });
  observe!(query, sentReply(query, reply({ following: records })));
  vandalize(told);
  expect(said(records)).toBe(said([parseRecord('a.example.org. 30 A 192.0.2.1')]));
});

/** The octets that come back for a question that is asked again and again, while a plugin observes. */
async function answers(repeat: boolean, cache: string, observer?: 'vandal'): Promise<Set<string>> {
  const made = reply(repeat ? { repeat: repeatUntilMoved([new Epoch()], CELL) } : {});
  const origin = definePlugin({
    ...{ name: 'origin', dependsOn: 'question', parse: () => undefined },
    create: () => ({ wrap: () => () => made }),
  });
  const vandal = definePlugin({
    ...{ name: 'vandal', parse: () => undefined },
    create: () => ({ observe: (query, sent) => [query, sent].forEach((told) => void vandalize(told)) }),
  });
  const definitions = [...plugins, vandal, origin];
  const { server } = await startServer(`. {\n${observer ?? ''}\n${cache}\norigin\n}\n`, { plugins: definitions });
  const query = encodeMessage(testMessage('www.example.org. A', { edns: {} }));
  const got = new Set<string>();
  for (let i = 0; i < 5; i++) got.add(firstMessage(await server.answer(query))!.toString('hex'));
  await server.shutdown();
  return got;
}

test.each([
  [true, ''],
  [true, 'cache'],
  [false, ''],
  [false, 'cache'],
])('an observer changes no response (repeated: %s, "%s")', async (repeat, cache) => {
  const got = await answers(repeat, cache, 'vandal');
  expect(got).toEqual(await answers(repeat, cache));
});
