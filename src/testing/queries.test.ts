import { expect, test } from 'vitest';
import { ask } from '../../test/support/ask.ts';
import { startShop } from '../../test/support/shop.ts';
import { createJournal, MAX_KEPT_OCTETS, MAX_KEPT_QUERIES } from './journal.ts';

const WEB = 'web.shop.svc.cluster.local.';

test('queries are told with their pod, result and reason, since a mark', async () => {
  const cluster = await startShop();
  await cluster.pod({ namespace: 'shop' }).lookup('db-0.db');
  const mark = cluster.mark();
  expect(cluster.queries(mark)).toEqual([]);
  await cluster.pod('db-0', { image: 'debian' }).lookup('web');
  await cluster
    .pod({ namespace: 'other' })
    .resolve4(`wbe.${WEB.slice(4)}`)
    .catch(() => {});
  const web = { pod: 'shop/db-0', name: WEB, protocol: 'udp', result: 'NOERROR' };
  expect(cluster.queries(mark)).toEqual([
    { ...web, type: 'A', answers: ['10.96.12.34'], reason: 'service shop/web: cluster IP 10.96.12.34' },
    { ...web, type: 'AAAA', answers: [], reason: expect.stringContaining('shop/web') },
    {
      ...{ pod: 'other', name: `wbe.${WEB.slice(4)}`, type: 'A', protocol: 'udp', result: 'NXDOMAIN', answers: [] },
      reason: 'namespace shop has no service wbe; did you mean web?',
    },
  ]);
  expect(cluster.queries().length).toBeGreaterThan(3);
});

test('failures are told as what they are', async () => {
  const cluster = await startShop();
  const pod = cluster.pod({ namespace: 'shop' });
  for (const failure of ['SERVFAIL', 'timeout'] as const) {
    using _ = cluster.fail('web', failure, { times: 1 });
    await pod.resolve4(WEB).catch(() => {});
  }
  expect(cluster.queries().map(({ result }) => result)).toEqual(expect.arrayContaining(['SERVFAIL', 'timeout']));
});

test('those of programs outside are told, too, and zone transfers without their records', async () => {
  const corefile = 'cluster.local {\n  kubernetes\n  transfer {\n    to *\n  }\n}\n';
  const cluster = await startShop({ corefile, externals: undefined as never, listen: true });
  await ask(cluster.address!.port, WEB, 'A');
  const { message } = await ask(cluster.address!.port, 'cluster.local', 'AXFR', { tcp: true });
  expect(message.answer.length).toBeGreaterThan(3);
  const outside = { pod: undefined, result: 'NOERROR', reason: undefined };
  expect(cluster.queries()).toEqual([
    { ...outside, name: WEB, type: 'A', protocol: 'udp', answers: ['10.96.12.34'] },
    { ...outside, name: 'cluster.local.', type: 'AXFR', protocol: 'tcp', answers: [] },
  ]);
});

test('the last ones are kept, and a mark before them is an error', () => {
  const journal = createJournal();
  const asked = (name: string) => ({ pod: 'a', name, type: 'A', protocol: 'udp' }) as const;
  const early = journal.mark();
  const late = journal.begin(asked('first.'));
  journal.begin(asked('second.'));
  const mark = journal.mark();
  for (let i = 0; i < MAX_KEPT_QUERIES; i++) journal.begin(asked(`${i}.`))('timeout');
  late({ octets: new Uint8Array(MAX_KEPT_OCTETS + 1) });
  expect(journal.queries(mark)).toHaveLength(MAX_KEPT_QUERIES);
  expect(journal.queries()[0]).toMatchObject({ name: '0.', result: 'timeout' });
  const message = 'of the 10002 queries since the mark only the last 10000 are kept: take the mark later';
  expect(() => journal.queries(early)).toThrow(message);
});

test('no more than so many octets of responses are kept', () => {
  const journal = createJournal();
  const octets = new Uint8Array(MAX_KEPT_OCTETS / 4);
  for (let i = 0; i < 6; i++) journal.begin({ pod: 'a', name: `${i}.`, type: 'A', protocol: 'udp' })({ octets });
  const mark = journal.mark();
  expect(() => journal.queries((mark - 5) as typeof mark)).toThrow('only the last 4 are kept');
});
