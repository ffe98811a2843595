import { expect, test } from 'vitest';
import { sentReply } from '../../../../test/support/plugin.ts';
import { testQuery } from '../../../../test/support/query.ts';
import { parseRcode } from '../../../dns/message.ts';
import type { Name } from '../../../dns/name.ts';
import { createReply } from '../../../plugin/reply.ts';
import type { ServerControl } from '../../../plugin/server-control.ts';
import { Collector, MAX_FOLLOWED_LOOKUPS, MAX_KEYS, MAX_KINDS } from './collector.ts';

const SHOP: readonly Name[] = ['shop.svc.cluster.local.', 'svc.cluster.local.', 'cluster.local.'];

function collecting() {
  const control: Pick<ServerControl, 'namespaceOf' | 'searchListOf'> = {
    namespaceOf: (address) => (address.startsWith('10.') ? 'shop' : undefined),
    searchListOf: () => SHOP,
  };
  const displaced = { value: 0 };
  const collector = new Collector(control as ServerControl, { displaced });
  /** `QUESTION: RCODE PLUGIN` */
  const ask = (text: string, address = '10.244.1.17') => {
    const [, question = '', rcode = '', plugin = ''] = /^(.+): (\S+) ?(\S*)$/.exec(text)!;
    const query = testQuery(
      question.toLowerCase().replace(/\w+$/, (type) => type.toUpperCase()),
      {
        client: { address, port: 4000 },
      },
    );
    const reply = createReply(plugin, rcode === 'nothing' ? { drop: true } : { rcode: parseRcode(rcode)! });
    collector.query(query, sentReply(query, reply));
  };
  return { collector, ask, displaced };
}

test('it counts who asks, for what, and what they get', () => {
  const { collector, ask } = collecting();
  ask('WEB.example. A: NOERROR file');
  ask('web.example. AAAA: NOERROR file', '192.0.2.1');
  ask('gone.example. A: NXDOMAIN file');
  ask('a.test. A: REFUSED');
  ask('b.test. A: nothing acl');
  expect(collector.lists(2, 1)).toEqual({
    ...{ seconds: 1, queries: 5, byType: { A: 4, AAAA: 1 }, byPlugin: { file: 3, '': 1, acl: 1 } },
    byRcode: { NOERROR: 2, NXDOMAIN: 1, REFUSED: 1, none: 1 },
    clients: [
      { key: '10.244.1.17', count: 4, error: 0 },
      { key: '192.0.2.1', count: 1, error: 0 },
    ],
    namespaces: [{ key: 'shop', count: 4, error: 0 }],
    names: [expect.objectContaining({ key: 'web.example.', count: 2 }), expect.anything()],
    nxdomain: [{ key: 'gone.example.', count: 1, error: 0 }],
    wasted: [],
  });
});

test('names of a search list count as wasted once a later name of the lookup is found', () => {
  const { collector, ask } = collecting();
  for (let i = 0; i < 2; i++) {
    for (const type of ['A', 'AAAA']) ask(`db.prod.shop.svc.cluster.local. ${type}: NXDOMAIN`);
    expect(collector.lists(10, 1).wasted.length).toBe(i);
    ask('db.prod.svc.cluster.local. A: NOERROR');
  }
  expect(collector.lists(10, 1).wasted).toEqual([{ key: 'db.prod.shop.svc.cluster.local.', count: 4, error: 0 }]);
});

test('random names, types and clients take no more memory than the lists have room for', () => {
  const { collector, ask, displaced } = collecting();
  const asked = 3 * MAX_KEYS;
  for (let i = 0; i < asked; i++)
    ask(`n${i}.x.shop.svc.cluster.local. TYPE${1000 + i}: NXDOMAIN p${i}`, `10.0.${i >> 8}.${i & 255}`);
  const { names, byType, byPlugin, queries } = collector.lists(asked, 1);
  expect([names.length, Object.keys(byType).length, Object.keys(byPlugin).length]).toEqual([
    ...[MAX_KEYS, MAX_KINDS + 1, MAX_KINDS + 1],
  ]);
  expect(byType.other).toBe(queries - MAX_KINDS);
  expect(displaced.value).toBe(asked - MAX_FOLLOWED_LOOKUPS);
});
