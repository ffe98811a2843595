import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiNamespace, apiService, apiSlice } from '../../../test/support/api-objects.ts';
import { startApiServer } from '../../../test/support/api-server/index.ts';
import { kubernetes, lines, outcome } from '../../../test/support/kubernetes.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, nextHandler, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { printRcode } from '../../dns/message.ts';
import { printRdata, printRecord } from '../../dns/presentation.ts';
import plugin from './index.ts';

const CLUSTER = `
namespace shop
headless shop/db
slice shop/db pg:tcp:5432 !10.1.1.1=db-0@eu-1
slice shop/db pg:tcp:5432 !10.1.1.2@eu-2 !fd00:1::2
headless shop/mixed
slice shop/mixed pg:tcp:5432 !10.1.2.1=a
slice shop/mixed pg:tcp:5432 10.1.2.2=b !10.1.2.3=c
service shop/web 10.0.0.1 http:tcp:80
slice shop/web http:tcp:8080 !10.1.3.1=front
headless shop/gone
slice shop/gone x:tcp:1
import shop/db headless pg:tcp:5432
imported shop/db east pg:tcp:5432 !10.1.4.1=db-0
imported shop/db west pg:tcp:5432 !10.1.4.2=db-0
`;

const OF_DB = lines(
  'NOERROR aa',
  'db.shop.svc.cluster.local. 5 IN A 10.1.1.1',
  'db.shop.svc.cluster.local. 5 IN A 10.1.1.2',
);

const setup = (options: string, zones = ['cluster.local.', 'in-addr.arpa.']) =>
  kubernetes({ cluster: CLUSTER, options, zones });

describe('with `terminating serving`', () => {
  const { ask } = setup('terminating serving\nzonal');

  test.each([
    ['db.shop.svc.cluster.local. A', OF_DB],
    ['db-0.db.shop.svc.cluster.local. A', 'NOERROR aa\ndb-0.db.shop.svc.cluster.local. 5 IN A 10.1.1.1'],
    ['10-1-1-2.db.shop.svc.cluster.local. A', 'NOERROR aa\n10-1-1-2.db.shop.svc.cluster.local. 5 IN A 10.1.1.2'],
    ['_pg._tcp.db.shop.svc.cluster.local. AAAA', 'NOERROR aa\n_pg._tcp.db.shop.svc.cluster.local. 5 IN AAAA fd00:1::2'],
    [
      'eu-1.pin._zone.db.shop.svc.cluster.local. A',
      'NOERROR aa\neu-1.pin._zone.db.shop.svc.cluster.local. 5 IN A 10.1.1.1',
    ],
    // One ready endpoint, in whichever slice, is enough to leave the others out.
    ['mixed.shop.svc.cluster.local. A', 'NOERROR aa\nmixed.shop.svc.cluster.local. 5 IN A 10.1.2.2'],
    ['a.mixed.shop.svc.cluster.local. A', 'NXDOMAIN'],
    ['front.web.shop.svc.cluster.local. A', 'NOERROR aa\nfront.web.shop.svc.cluster.local. 5 IN A 10.1.3.1'],
    ['gone.shop.svc.cluster.local. A', 'NXDOMAIN'],
  ])('%s', (question, expected) => {
    expect(outcome(ask(question))).toBe(expected);
  });

  test('SRV records name all targets', () => {
    const { answer } = ask('_pg._tcp.db.shop.svc.cluster.local. SRV');
    expect(answer.map(printRdata)).toEqual([
      '0 33 5432 db-0.db.shop.svc.cluster.local.',
      '0 33 5432 10-1-1-2.db.shop.svc.cluster.local.',
      '0 33 5432 fd00-1--2.db.shop.svc.cluster.local.',
    ]);
  });
});

test.each([
  ['', 'NXDOMAIN'],
  ['ignore empty_service', 'NXDOMAIN'],
])('without it (%j), they are not there', (options, expected) => {
  const { ask } = setup(options);
  expect(outcome(ask('db.shop.svc.cluster.local. A'))).toBe(expected);
  expect(outcome(ask('front.web.shop.svc.cluster.local. A'))).toBe('NXDOMAIN');
});

test('a service whose only endpoints terminate is not empty', () => {
  const question = 'web.shop.svc.cluster.local. A';
  expect(outcome(setup('ignore empty_service').ask(question))).toBe('NXDOMAIN');
  expect(outcome(setup('ignore empty_service\nterminating serving').ask(question))).toContain('10.0.0.1');
});

test('the cluster set has them, too', () => {
  const { ask } = setup('terminating serving\nmulticluster set.local', ['cluster.local.', 'set.local.']);
  expect(ask('db.shop.svc.set.local. A').answer.map(printRdata)).toEqual(['10.1.4.1', '10.1.4.2']);
  expect(ask('db-0.west.db.shop.svc.set.local. A').answer.map(printRdata)).toEqual(['10.1.4.2']);
  expect(ask('west.db.shop.svc.set.local. A').rcode).toBe(0);
});

test('PTR records are those of ready endpoints', () => {
  expect(outcome(setup('terminating serving').ask('1.1.1.10.in-addr.arpa. PTR'), 'in-addr.arpa.')).toBe('NXDOMAIN');
});

test('a copy of the zone has them', () => {
  const { transfers } = setup('terminating serving');
  const records = [...transfers.zone('cluster.local.')!.records()]
    .map(printRecord)
    .map((text) => text.replaceAll('\t', ' '));
  expect(records).toContain('db.shop.svc.cluster.local. 5 IN A 10.1.1.1');
  expect(records).toContain('db-0.db.shop.svc.cluster.local. 5 IN A 10.1.1.1');
  expect(records.join()).not.toContain('10.1.2.1');
});

test('they come and go with the ready ones, and the serial moves with what is seen, and with nothing else', () => {
  const { registry, ask, transfers, env } = setup('terminating serving');
  const addresses = () => ask('mixed.shop.svc.cluster.local. A').answer.map(printRdata).join(' ');
  const slices = registry.slicesOf('shop', 'mixed');
  const first = slices.find(({ endpoints }) => endpoints.length === 0)!;
  const second = slices.find(({ endpoints }) => endpoints.length > 0)!;
  const table = registry as unknown as { setSlice(slice: typeof first): void };
  const serials: number[] = [];
  const moved = (change: () => void) => {
    env.clock.advance(10_000);
    change();
    serials.push(transfers.zone('cluster.local.')!.serial);
    return addresses();
  };
  serials.push(transfers.zone('cluster.local.')!.serial);
  // Nobody sees those that terminate while one is ready.
  expect(moved(() => table.setSlice({ ...first, terminating: [{ address: '10.1.2.9' }] }))).toBe('10.1.2.2');
  expect(serials[1]).toBe(serials[0]);
  expect(moved(() => table.setSlice({ ...second, endpoints: [] }))).toBe('10.1.2.9 10.1.2.3');
  expect(moved(() => table.setSlice({ ...first, terminating: [] }))).toBe('10.1.2.3');
  expect(moved(() => table.setSlice({ ...first, endpoints: [{ address: '10.1.2.4' }] }))).toBe('10.1.2.4');
  expect(new Set(serials.slice(1)).size).toBe(4);
});

test('a kept reply ends when they do', () => {
  const { registry, ask } = setup('terminating serving');
  const { repeat } = ask('db.shop.svc.cluster.local. A');
  const values = () => repeat!.epochs.map(({ value }) => value);
  const before = values();
  const [slice] = registry.slicesOf('shop', 'db');
  (registry as unknown as { setSlice(slice: unknown): void }).setSlice({ ...slice, terminating: [] });
  expect(values()).not.toEqual(before);
});

test('the explanation says so', () => {
  const { plugin: made, ask } = setup('terminating serving');
  const question = 'db.shop.svc.cluster.local. A';
  expect(made.explain!(testQuery(question), ask(question))).toBe(
    'service shop/db is headless: no endpoint is ready; 3 terminating endpoints still in service',
  );
});

test.each([
  ['', 'NXDOMAIN'],
  ['terminating serving', 'NOERROR 10.1.0.1'],
])('from an API server, with %j: %s', async (options, expected) => {
  const objects = [
    apiNamespace('shop'),
    apiService('shop/db', 'None'),
    apiSlice('shop/db', 'db-1', '10.1.0.1 10.1.0.2'),
  ];
  const api = await startApiServer({ objects });
  const body = `kubernetes cluster.local {\nendpoint ${api.url}\n${options}\n}`;
  const { plugin: made, env } = makePlugin(plugin, body, { zones: ['.'] });
  onTestFinished(async () => {
    for (const value of env.kept.values()) await value.stop?.();
    await api.close();
  });
  const handler = made.wrap!(nextHandler);
  await startPlugin(made);
  api.put(apiSlice('shop/db', 'db-1', '~10.1.0.1 !10.1.0.2'));
  await vi.waitFor(async () => {
    const { rcode, answer } = await handler(testQuery('db.shop.svc.cluster.local. A'));
    expect([printRcode(rcode), ...answer.map(printRdata)].join(' ')).toBe(expected);
  }, PATIENT);
});
