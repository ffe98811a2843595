import { expect, test } from 'vitest';
import { kubernetes } from '../../../test/support/kubernetes.ts';
import { testQuery } from '../../../test/support/query.ts';
import { queryMessage } from '../../dns/message.ts';
import { SRV } from '../../dns/rr.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import type { Reply } from '../../plugin/reply.ts';

const ENDPOINTS = 20_000;
const addresses = Array.from({ length: ENDPOINTS }, (_, i) => `10.1.${i >> 8}.${i & 255}=pod-${i}`);
const cluster = `namespace shop\nheadless shop/many\nslice shop/many x:tcp:1 ${addresses.join(' ')}`;
const { handler } = kubernetes({ cluster });

const ask = (type: string, options: Parameters<typeof testQuery>[1], name = 'many.shop.svc.cluster.local.') =>
  handler(testQuery(`${name} ${type}`, options)) as Reply;

/** Whether a client gets a truncated reply, which is right where there are more records than it takes. */
function isTruncated({ answer, authority, additional }: Reply, limit: number): boolean {
  const message = { ...queryMessage({ name: 'many.shop.svc.cluster.local.', type: 33, class: 1 }), qr: true };
  return (encodeMessage({ ...message, answer, authority, additional }, limit)[2]! & 2) !== 0;
}

test.each([
  ['512 octets', { protocol: 'udp' } as const, 512],
  ['1232 octets', { protocol: 'udp', edns: { udpSize: 1232 } } as const, 1232],
  ['TCP', { protocol: 'tcp' } as const, 65_535],
])('SRV records of 20,000 endpoints: hardly more are made than fit into %s', (_, options, limit) => {
  for (const name of ['many.shop.svc.cluster.local.', 'mAnY.shop.svc.ClusteR.loCAL.']) {
    const reply = ask('SRV', options, name);
    expect(reply.answer.length).toBeLessThan(limit / 18 + 2);
    expect(reply.additional).toHaveLength(0);
    expect(reply.answer.every(({ type }) => type === SRV.code)).toBe(true);
    expect(isTruncated(reply, limit)).toBe(true);
  }
});

test('a client over UDP does not make the names of all hosts anew by another case', () => {
  const { answer } = ask('SRV', { protocol: 'udp' }, 'many.shop.svc.Cluster.Local.');
  expect(new Set(answer.map(({ data }) => (data as { target: string }).target.slice(-15)))).toEqual(
    new Set(['.Cluster.Local.']),
  );
});

test('addresses of 20,000 endpoints: no more than a message holds, and others each time', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const reply = ask('A', { protocol: 'udp' });
    expect(reply.answer.length).toBeLessThan(65_535 / 15 + 2);
    expect(isTruncated(reply, 65_535)).toBe(true);
    for (const { data } of reply.answer) seen.add((data as { address: string }).address);
  }
  expect(seen.size).toBe(ENDPOINTS);
});
