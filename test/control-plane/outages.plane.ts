import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { countRequests } from './audit.ts';
import { baseCorefile, startCairn } from './cairn.ts';
import { openLossyRelay } from './lossy-relay.ts';
import { openControlPlane, test, until, untilLogged } from './open.ts';
import { CAIRN } from './rights.ts';
import { DB, nameOf, openShop, type Shop, shopOf, UNDISTURBED, WEB } from './shop.ts';
import { wrongAnswers } from './wrong-answers.ts';

/** How long the API server is stopped or away; set it to 180 and more to see what only long outages do. */
const OUTAGE_MS = 1000 * Number(process.env.CONTROL_PLANE_OUTAGE_SECONDS ?? 15);
/** Stale data is put right within this time, whatever happened. */
const RIGHT_AGAIN = { timeout: 120_000, interval: 250 };

/** As fast as an audit of each minute finds out that events were lost, with the time in which the watch could still bring them. */
const AUDITED_AGAIN = { timeout: 240_000, interval: 500 };
const AUDITED = { timeout: 500_000 };

const auditedCorefile = (address: string) =>
  baseCorefile(address).replace('pods insecure', 'pods insecure\n           audit 1m');

/** Answers go on unchanged for so long. */
async function goesOn(shop: Shop, durationMs: number): Promise<void> {
  for (const end = performance.now() + durationMs; performance.now() < end; await pause(250))
    expect(await shop.undisturbed()).toBe(UNDISTURBED);
}

/** Everything is learnt again, and no more was asked than that takes. */
async function expectRecovered({ plane, cairn, learns }: Shop, lists: number): Promise<void> {
  const tookMs = await learns('afterwards');
  process.stdout.write(`learnt again within ${(tookMs / 1000).toFixed(1)} s\n`);
  await until(() => wrongAnswers(plane.api, cairn.address), []);
  for (const [resource, count] of Object.entries(countRequests(plane.auditLog, CAIRN)))
    expect(count.lists, `lists of ${resource}`).toBeLessThanOrEqual(lists);
}

const TIME = { timeout: OUTAGE_MS + 240_000 };

describe.concurrent('known data is served without interruption, and changes are picked up, when', TIME, () => {
  test.for(['SIGTERM', 'SIGKILL'] as const)('the API server ends by %s and is back', async (signal, context) => {
    const shop = await openShop(context);
    await shop.plane.apiServer.stop(signal);
    await goesOn(shop, OUTAGE_MS);
    await shop.plane.apiServer.start();
    await expectRecovered(shop, 3);
  });

  test('the API server stands still for long', async (context) => {
    const shop = await openShop(context);
    const { program } = shop.plane.apiServer;
    program.signal('SIGSTOP');
    await goesOn(shop, OUTAGE_MS);
    program.signal('SIGCONT');
    await shop.plane.apiServer.ready();
    await expectRecovered(shop, 3);
  });

  test('etcd ends and is back', async (context) => {
    const shop = await openShop(context);
    await shop.plane.etcd.stop('SIGTERM');
    await goesOn(shop, OUTAGE_MS);
    await shop.plane.etcd.start();
    await shop.plane.apiServer.ready();
    await expectRecovered(shop, 3);
  });
});

describe.concurrent('what was missed is made up for, when', () => {
  test('etcd is put back to an older state', { timeout: 400_000 }, async (context) => {
    const shop = await openShop(context);
    const { plane, cairn } = shop;
    await plane.etcd.copy();
    await plane.apiServer.ready();
    // Versions go far ahead of those to come.
    for (let i = 0; i < 200; i++) await plane.api.patch(WEB, { metadata: { labels: { turn: `${i}` } } });
    const known = new Set<string>();
    await shop.learns('forgotten');
    await plane.api.delete(WEB);
    await until(() => wrongAnswers(plane.api, cairn.address, known), []);

    await plane.apiServer.stop();
    await plane.etcd.restore();
    await plane.apiServer.start();
    const tookMs = await until(() => wrongAnswers(plane.api, cairn.address, known), [], RIGHT_AGAIN);
    process.stdout.write(`right ${(tookMs / 1000).toFixed(1)} s after etcd was put back\n`);
    expect(await cairn.addressesOf(nameOf(WEB))).toEqual(['10.0.7.1']);
    await expectRecovered(shop, 5);
  });

  test(
    'etcd is put back to an older state, and has changed so much since then that no version shows it',
    AUDITED,
    async (context) => {
      const shop = await openShop(context, { corefile: auditedCorefile });
      const { plane, cairn } = shop;
      await plane.etcd.copy();
      await plane.apiServer.ready();
      const known = new Set<string>();
      await shop.learns('forgotten');
      await plane.api.delete(WEB);
      await until(() => wrongAnswers(plane.api, cairn.address, known), []);

      cairn.network.refuse(true);
      await plane.apiServer.stop();
      await plane.etcd.restore();
      await plane.apiServer.start();
      for (let i = 0; i < 200; i++) await plane.api.patch(DB, { metadata: { labels: { turn: `${i}` } } });
      cairn.network.refuse(false);
      const tookMs = await until(() => wrongAnswers(plane.api, cairn.address, known), [], AUDITED_AGAIN);
      process.stdout.write(`right ${(tookMs / 1000).toFixed(1)} s after etcd was put back and ran ahead\n`);
      expect(cairn.log()).toContain('so the watch has lost events');
    },
  );

  test('a proxy loses events of a watch', AUDITED, async (context) => {
    const plane = await openControlPlane(context);
    const relay = await openLossyRelay(plane);
    for (const object of [WEB, DB]) await plane.api.create(object);
    const cairn = await startCairn(plane, { corefile: auditedCorefile, apiPort: relay.port });
    const shop = shopOf(plane, cairn);
    await shop.learns('before');
    const known = new Set<string>();
    await until(() => wrongAnswers(plane.api, cairn.address, known), []);

    relay.lose('"name":"web"');
    await plane.api.delete(WEB);
    await until(() => relay.lost > 0, true);
    relay.lose(undefined);
    await shop.learns('afterwards');
    expect(await cairn.addressesOf(nameOf(WEB))).toEqual(['10.0.7.1']);
    const tookMs = await until(() => wrongAnswers(plane.api, cairn.address, known), [], AUDITED_AGAIN);
    process.stdout.write(`right ${(tookMs / 1000).toFixed(1)} s after an event was lost\n`);
    await untilLogged(cairn, /services: 1 differ from those of the API server \(default\/web\)/);
  });

  test('versions are compacted while it is cut off', async (context) => {
    const shop = await openShop(context, { flags: ['--watch-cache=false'] });
    const { plane, cairn } = shop;
    const known = new Set<string>();
    await until(() => wrongAnswers(plane.api, cairn.address, known), []);
    cairn.network.refuse(true);
    await plane.api.delete(WEB);
    for (let i = 0; i < 20; i++)
      await plane.api.create({
        ...WEB,
        metadata: { name: `web-${i}`, namespace: 'default' },
        spec: { ports: [{ port: 80 }] },
      });
    await plane.etcd.compact();
    await goesOn(shop, 1000);
    cairn.network.refuse(false);
    await until(() => wrongAnswers(plane.api, cairn.address, known), []);
    expect(await cairn.metric('cairn_kubernetes_relists_total')).toBeGreaterThan(0);
  });
});
