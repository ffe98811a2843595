import { expect, test } from 'vitest';
import { answerOf, inFrontOf } from '../../../test/support/chain.ts';
import { testQuery } from '../../../test/support/query.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { CACHE } from '../../plugin/keys.ts';
import type { Handler } from '../../plugin/plugin.ts';
import { createReply, failure, type Reply } from '../../plugin/reply.ts';
import cache from './index.ts';

const SOA = 'org. 60 IN SOA ns.org. root.org. 1 2 3 4 60';

/** A cache in front of a handler that the test can change. */
async function started(body = 'cache', zones = ['.']) {
  const upstream: { answer: Handler } = { answer: ({ question }) => addressOf(question.name, '192.0.2.1') };
  const made = inFrontOf(cache, body, (query) => upstream.answer(query), { name: 'cache', zones });
  await made.plugin.start!(new AbortController().signal);
  const [view] = made.env.ask(CACHE);
  return { ...made, upstream, view: view! };
}

const addressOf = (name: string, address: string): Reply => createReply('next', answerOf(`${name} 60 A ${address}`));

/** The address in the answer, or the rcode. */
async function addressIn(reply: Reply | Promise<Reply>): Promise<string | number> {
  const { answer, rcode } = await reply;
  return answer.length > 0 ? (answer[0]!.data as { address: string }).address : rcode;
}

/** Whether a reply may still be repeated without asking the cache. */
function staleness({ repeat }: Reply): () => boolean {
  const values = repeat!.epochs.map(({ value }) => value);
  return () => repeat!.epochs.some(({ value }, i) => value !== values[i]);
}

test('what is held for a name is shown with the TTLs and the hits of the moment', async () => {
  const { env, query, view, upstream } = await started('cache', ['example.org.', 'example.net.']);
  await query('WWW.example.org. A');
  upstream.answer = () => createReply('next', { rcode: 3, authority: [parseRecord(SOA)] });
  await query('www.example.org. AAAA', { edns: { do: true } });
  upstream.answer = () => failure('next', 2, new Error('no luck'));
  await query('www.example.org. MX', { protocol: 'tcp' });
  env.clock.advance(4000);
  for (const cell of (await query('www.example.org. A')).repeat!.again) cell.value++;
  const zones = ['example.org.', 'example.net.'];
  const common = {
    zones,
    name: 'www.example.org.',
    class: 'IN',
    answer: [],
    authority: [],
    storedSecondsAgo: 4,
    hits: 0,
  };
  expect(view.find('www.example.org.')).toEqual(
    [
      {
        ...common,
        type: 'AAAA',
        rcode: 'NXDOMAIN',
        authority: ['org.\t56\tIN\tSOA\tns.org. root.org. 1 2 3 4 60'],
        flags: ['DO'],
        secondsLeft: 56,
      },
      { ...common, type: 'MX', rcode: 'SERVFAIL', flags: ['failure over TCP'], secondsLeft: 1 },
      {
        ...common,
        type: 'A',
        rcode: 'NOERROR',
        answer: ['WWW.example.org.\t56\tIN\tA\t192.0.2.1'],
        flags: [],
        secondsLeft: 56,
        hits: 2,
      },
    ].sort((a, b) => (a.type === 'A' ? -1 : b.type === 'A' ? 1 : 0)),
  );
  expect(view.find('example.org.')).toEqual([]);
  env.clock.advance(60_000);
  expect(view.find('www.example.org.')).toEqual([]);
});

test('looking does not count as use', async () => {
  const { query, view, passed } = await started('cache {\n success 5\n}');
  for (const name of ['a', 'b', 'c', 'd', 'e']) await query(`${name}.org. A`);
  for (let i = 0; i < 9; i++) view.find('a.org.');
  await query('f.org. A');
  await query('a.org. A');
  expect(passed.length).toBe(7);
});

test.each([
  ['a name', (name: string) => name === 'b.org.', ['a.b.org.', 'ab.org.', 'org.'], 2],
  ['nothing', () => false, ['a.b.org.', 'ab.org.', 'b.org.', 'org.'], 0],
  ['everything', () => true, [], 5],
])('a flush of %s leaves %j', async (_, isMeant, left, count) => {
  const { query, view, upstream } = await started();
  for (const name of ['org.', 'b.org.', 'a.b.org.', 'ab.org.']) await query(`${name} A`);
  upstream.answer = () => failure('next', 2, new Error('no luck'));
  await query('b.org. MX');
  expect(view.flush(isMeant)).toBe(count);
  const names = ['a.b.org.', 'ab.org.', 'b.org.', 'org.'];
  expect(names.filter((name) => view.find(name).length > 0)).toEqual(left);
});

test('after a flush the upstream is asked again, also where it failed', async () => {
  const { query, view, upstream, passed } = await started();
  upstream.answer = () => failure('next', 2, new Error('no luck'));
  expect(await addressIn(query('b.org. A'))).toBe(2);
  upstream.answer = ({ question }) => addressOf(question.name, '192.0.2.2');
  expect(await addressIn(query('b.org. A'))).toBe(2);
  view.flush(() => true);
  expect(await addressIn(query('b.org. A'))).toBe('192.0.2.2');
  expect(passed.length).toBe(2);
});

test('no reply of before a flush may be repeated, not even one that had to make room', async () => {
  const { query, view } = await started('cache {\n success 1\n keepttl\n}');
  await query('a.org. A');
  const isStale = staleness(await query('a.org. A'));
  await query('b.org. A');
  expect(isStale()).toBe(false);
  view.flush((name) => name === 'a.org.');
  expect(isStale()).toBe(true);
});

test('a reply that was asked for before a flush is not kept, and later queries do not wait for it', async () => {
  const { query, view, upstream, passed } = await started();
  const old = Promise.withResolvers<Reply>();
  upstream.answer = () => old.promise;
  const before = [query('b.org. A'), query('b.org. A')];
  view.flush((name) => name === 'b.org.');
  const fresh = Promise.withResolvers<Reply>();
  upstream.answer = () => fresh.promise;
  const after = [query('b.org. A'), query('b.org. A')];
  old.resolve(addressOf('b.org.', '192.0.2.1'));
  expect(await Promise.all(before.map(addressIn))).toEqual(['192.0.2.1', '192.0.2.1']);
  expect(view.find('b.org.')).toEqual([]);
  after.push(query('b.org. A'));
  expect(passed.length).toBe(2);
  fresh.resolve(addressOf('b.org.', '192.0.2.2'));
  expect(await Promise.all(after.map(addressIn))).toEqual(['192.0.2.2', '192.0.2.2', '192.0.2.2']);
  upstream.answer = () => failure('next', 2);
  expect(await addressIn(query('b.org. A'))).toBe('192.0.2.2');
});

test('neither a prefetch nor the refresh of a stale reply puts back what a flush threw away', async () => {
  for (const [body, waitMs] of [
    ['cache {\n prefetch 1 1m 90%\n}', 30_000],
    ['cache {\n serve_stale\n}', 61_000],
  ] as const) {
    const { env, query, view, upstream } = await started(body);
    await query('b.org. A');
    const old = Promise.withResolvers<Reply>();
    upstream.answer = () => old.promise;
    env.clock.advance(waitMs);
    expect(await addressIn(query('b.org. A'))).toBe('192.0.2.1');
    view.flush((name) => name === 'b.org.');
    old.resolve(addressOf('b.org.', '192.0.2.1'));
    await new Promise((done) => setImmediate(done));
    expect(view.find('b.org.')).toEqual([]);
    upstream.answer = () => addressOf('b.org.', '192.0.2.2');
    expect(await addressIn(query('b.org. A'))).toBe('192.0.2.2');
  }
});

test('a client that waits for the check of a stale reply does not get it after a flush', async () => {
  const { env, query, view, upstream } = await started('cache {\n serve_stale 1h verify 1s\n}');
  await query('b.org. A');
  const fresh = Promise.withResolvers<Reply>();
  upstream.answer = () => fresh.promise;
  env.clock.advance(61_000);
  const waiting = query('b.org. A');
  view.flush(() => true);
  env.clock.advance(1000);
  await new Promise((done) => setImmediate(done));
  fresh.resolve(addressOf('b.org.', '192.0.2.2'));
  expect(await addressIn(waiting)).toBe('192.0.2.2');
});

test('a reply from the cache is explained by its age', async () => {
  const { env, query, plugin, upstream } = await started('cache {\n serve_stale 1h\n}');
  const asked = testQuery('b.org. A');
  const explain = async (waitMs: number) => {
    env.clock.advance(waitMs);
    return plugin.explain!(asked, await query('b.org. A'));
  };
  await query('b.org. A');
  upstream.answer = () => failure('next', 2);
  expect(await explain(8000)).toBe('kept 8 s ago, fresh for 52 s');
  expect(await explain(55_000)).toBe('kept 63 s ago, stale for 3 s, as there is no fresh reply yet');
});

test('a reply is no longer repeated once one that was asked for another way has taken its place', async () => {
  const { query, upstream } = await started();
  const overTcp = Promise.withResolvers<Reply>();
  upstream.answer = () => overTcp.promise;
  const later = query('b.org. A', { protocol: 'tcp' });
  upstream.answer = ({ question }) => addressOf(question.name, '192.0.2.1');
  await query('b.org. A');
  const isStale = staleness(await query('b.org. A'));
  expect(isStale()).toBe(false);
  overTcp.resolve(addressOf('b.org.', '192.0.2.2'));
  await later;
  expect(isStale()).toBe(true);
  expect(await addressIn(query('b.org. A'))).toBe('192.0.2.2');
});

test('what is in use only by repetition does not make room for others', async () => {
  const { query, view } = await started('cache {\n success 5\n}');
  await query('hot.org. A');
  const { repeat } = await query('hot.org. A');
  await query('cold.org. A');
  await query('cold.org. A');
  for (let i = 0; i < 20; i++) {
    for (const cell of repeat!.again) cell.value++;
    await query(`n${i}.org. A`);
    await query(`n${i}.org. A`);
  }
  expect(view.find('hot.org.')).toMatchObject([{ hits: 21 }]);
  expect(view.find('cold.org.')).toEqual([]);
});
