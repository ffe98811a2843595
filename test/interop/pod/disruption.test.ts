import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { describe, test } from 'vitest';
import { apiService } from '../../support/api-objects.ts';
import type { Asking } from './asking.ts';
import { askContinuously } from './continuously.ts';
import { documentedRules, forbiddenBy } from './least-rights.ts';
import { canPlay, DB, OUTSIDE, openShop, WEB } from './shop.ts';

/** kubeadm's Corefile says `lameduck 5s`; the clients stop long before that, as a busy machine may keep them waiting. */
const LAMEDUCK_MS = 5000;
const ASKING_MS = 2500;

/** What clients are told of these names as long as the cluster does not change. */
const UNDISTURBED: Readonly<Record<string, string>> = {
  [WEB]: 'NOERROR 10.96.12.34',
  [DB]: 'NOERROR 10.244.5.10 10.244.5.11',
  [OUTSIDE]: 'NOERROR 192.0.2.80',
  [`no-such-service.${DB}`]: 'NXDOMAIN',
};

/** All different outcomes of each name. */
function outcomesOf(asking: Asking): Record<string, string> {
  return Object.fromEntries(Object.entries(asking).map(([name, counts]) => [name, Object.keys(counts).join('; ')]));
}

// Most of the time of these is waiting.
describe.concurrent('Cairn in a pod', () => {
  test.runIf(canPlay)('serves what it knows without the API server, and notices its return', async (context) => {
    const { expect } = context;
    const { world, dns, client, addressesOf } = await openShop(context);
    const ageMs = async () => 1000 * (await dns.metric('cairn_kubernetes_watch_age_seconds'));
    const stop = await askContinuously(client, Object.keys(UNDISTURBED));
    await world.order({ set: { refuse: true } });
    const lostAtMs = performance.now();
    await world.order({ put: apiService('shop/meanwhile', '10.96.20.4') });
    await expect.poll(ageMs).toBeGreaterThan(1500);
    await dns.logs(/services: .*; the known data is served meanwhile/);
    expect(await dns.page('ready')).toEqual({ status: 200, body: 'OK' });
    expect(await addressesOf('meanwhile')).toEqual([]);

    await world.order({ set: { refuse: false } });
    await expect.poll(() => addressesOf('meanwhile')).toEqual(['10.96.20.4']);
    await expect.poll(async () => lostAtMs + (await ageMs()) < performance.now()).toBe(true);
    expect(outcomesOf(await stop())).toEqual(UNDISTURBED);
    expect(dns.process.exitCode).toBeNull();
  });

  test.runIf(canPlay)('answers every query after SIGTERM for as long as lameduck lasts', async (context) => {
    const { expect } = context;
    const { dns, client } = await openShop(context);
    const stop = await askContinuously(client, Object.keys(UNDISTURBED));
    const exit = once(dns.process, 'exit');
    const begunAtMs = performance.now();
    const elapsedMs = () => performance.now() - begunAtMs;
    dns.process.kill('SIGTERM');
    await dns.logs('lameduck');
    const probed = new Set<string>();
    while (elapsedMs() < ASKING_MS) {
      const [ready, health] = [await dns.page('ready'), await dns.page('health')];
      probed.add(`ready ${ready.status}, health ${health.status}`);
    }
    expect(outcomesOf(await stop())).toEqual(UNDISTURBED);
    expect([...probed]).toEqual(['ready 503, health 200']);
    expect(await exit).toEqual([0, null]);
    expect(elapsedMs()).toBeGreaterThanOrEqual(LAMEDUCK_MS);
  });

  test.runIf(canPlay)('says which right is missing, until it is given', async (context) => {
    const { expect } = context;
    const rules = documentedRules();
    const fewer = rules.filter(({ resources }) => !resources.includes('endpointslices'));
    const { world, dns, client } = await openShop(context, { forbidden: forbiddenBy(fewer) }, 'kubeadm-older.Corefile');
    const statusOf = async (name: string) =>
      / status: (\w+)/.exec((await client.run('dig', '+search', name, 'A')).stdout)?.[1];

    expect(await dns.page('ready')).toEqual({ status: 503, body: 'kubernetes' });
    expect(dns.log()).toContain('endpointslices.discovery.k8s.io: the API server forbids it (403');
    expect(dns.log()).toMatch(/needs the verbs list and watch on .*endpointslices/);
    expect(dns.log()).toContain('not ready: endpointslices.discovery.k8s.io are not listed yet');
    expect(await statusOf('web')).toBe('NOERROR');
    expect(await statusOf(`${DB}.`)).toBe('SERVFAIL');
    expect(await statusOf(`${OUTSIDE}.`)).toBe('NOERROR');

    await world.order({ set: { forbidden: forbiddenBy(rules) } });
    await expect.poll(() => dns.page('ready')).toEqual({ status: 200, body: 'OK' });
    expect(await statusOf('db')).toBe('NOERROR');
  });
});
