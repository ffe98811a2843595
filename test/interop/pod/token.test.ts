import { expect, test } from 'vitest';
import { askContinuously } from './continuously.ts';
import { canPlay, openShop, WEB } from './shop.ts';
import type { World } from './world.ts';

/** From now on only this token is taken, and every watch is begun anew. */
async function expectToken({ order }: World, token: string): Promise<void> {
  await order({ set: { tokens: [token], refuse: true } });
  await order({ set: { refuse: false } });
}

test.runIf(canPlay)('a token that was replaced is read again when the old one is refused', async (context) => {
  const { world, dns, expectToLearn } = await openShop(context);
  dns.rotate('the-second-token');
  await expectToken(world, 'the-second-token');
  await expectToLearn('second', '10.96.20.2');
  expect(await dns.metric('coredns_kubernetes_rest_client_requests_total{code="401",.*}')).toBeGreaterThan(0);
  expect(dns.log()).not.toMatch(/\b401\b/);
});

test.runIf(canPlay)('a token that has ended before it is replaced costs no answer', async (context) => {
  const { world, dns, client, expectToLearn } = await openShop(context);
  const stop = await askContinuously(client, [WEB]);
  await expectToken(world, 'the-second-token');
  await dns.logs(/the API server does not accept the credentials \(401/);
  dns.rotate('the-second-token');
  await expectToLearn('second', '10.96.20.2');
  expect(Object.keys((await stop())[WEB]!)).toEqual(['NOERROR 10.96.12.34']);
});
