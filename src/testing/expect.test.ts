import { expect as jestExpect } from 'expect';
import { describe, expect, test } from 'vitest';
import { startShop } from '../../test/support/shop.ts';
import { matchers } from './expect.ts';
import type { PodResolver } from './index.ts';

expect.extend(matchers);
jestExpect.extend(matchers);

describe.each([
  ['vitest', (pod: unknown) => expect(pod)],
  ['jest', (pod: unknown) => jestExpect(pod)],
])('with the expect of %s', (_, expecting) => {
  const startPod = async () => (await startShop()).pod({ namespace: 'shop', image: 'debian' });
  const failureOf = async (asserted: Promise<void>) => {
    const { message } = (await asserted.then(
      () => expect.unreachable('it passed'),
      (error) => error,
    )) as Error;
    return message;
  };

  test('toResolve passes for exactly the addresses', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop' });
    await expecting(pod).toResolve('web');
    await expecting(pod).toResolve('web', '10.96.12.34');
    await expecting(pod).toResolve('localhost', ['::1', '127.0.0.1']);
    await expecting(pod).not.toResolve('wbe');
    await expecting(pod).not.toResolve('web', '10.96.12.35');
    await expecting(pod).not.toResolve('web', ['10.96.12.34', '10.96.12.35']);
    await expecting(pod).not.toResolve('localhost', '127.0.0.1');
    await expecting(pod).toResolve('wbe', []);
    await expecting({ ...pod }).toResolve('api.example.com', '192.0.2.7');
  });

  test('toResolve tells what was asked, what came back, and why', async () => {
    const pod = await startPod();
    expect(await failureOf(expecting(pod).toResolve('wbe', '10.96.12.34'))).toBe(
      `expected wbe in pod shop to resolve to 10.96.12.34, but it is not found.
It asked:
  wbe.shop.svc.cluster.local. A: NXDOMAIN - namespace shop has no service wbe; did you mean web?
  wbe.shop.svc.cluster.local. AAAA: NXDOMAIN - namespace shop has no service wbe; did you mean web?
  wbe.svc.cluster.local. A: NXDOMAIN - there is no namespace wbe
  wbe.svc.cluster.local. AAAA: NXDOMAIN - there is no namespace wbe
  wbe.cluster.local. A: NXDOMAIN - no name of a cluster has this form
  wbe.cluster.local. AAAA: NXDOMAIN - no name of a cluster has this form
  wbe. A: NXDOMAIN - the test's \`externals\` stand for the world outside
  wbe. AAAA: NXDOMAIN - the test's \`externals\` stand for the world outside`,
    );
    expect(await failureOf(expecting(pod).toResolve('web', '10.96.12.35'))).toMatch(
      /^expected web in pod shop to resolve to 10\.96\.12\.35, but it is 10\.96\.12\.34\.\nIt asked:\n {2}web\.shop.* A: 10\.96\.12\.34\n.* AAAA: no data/,
    );
    expect(await failureOf(expecting(pod).not.toResolve('web'))).toMatch(
      'expected web in pod shop not to resolve to an address, but it is 10.96.12.34.',
    );
    expect(await failureOf(expecting(pod).toResolve('192.0.2.1', '192.0.2.2'))).toMatch(/\nIt asked nothing\.$/);
  });

  test('toAskAtMost counts names', async () => {
    const pod = await startPod();
    await expecting(pod).toAskAtMost(1, 'web.');
    await expecting(pod).toAskAtMost(1, 'web');
    await expecting(pod).toAskAtMost(0, '192.0.2.1');
    await expecting(pod).toAskAtMost(4, 'api.example.com');
    await expecting(pod).not.toAskAtMost(3, 'api.example.com');
    await expecting(pod).toAskAtMost(1, 'db.shop.svc.cluster.local', { type: 'SRV' });
    expect(await failureOf(expecting(pod).toAskAtMost(1, 'api.example.com'))).toMatch(
      /^expected api\.example\.com in pod shop to ask for at most 1 name, but it asked for 4 names\.\nIt asked:\n {2}api\.example\.com\.shop\.svc/,
    );
    expect(await failureOf(expecting(pod).not.toAskAtMost(1, 'web'))).toMatch(
      'expected web in pod shop not to ask for at most 1 name, but it asked for 1 name.',
    );
  });

  test('toMissNothing sees every lookup of the run, even if the program hides its error', async () => {
    const cluster = await startShop();
    const pod = cluster.pod({ namespace: 'shop' });
    await expecting(pod).toMissNothing(() => pod.lookup('web'));
    await expecting(pod).toMissNothing((same: PodResolver) => same.resolve4('api.example.com'));
    await expecting(pod).toMissNothing(async () => {
      await cluster
        .pod('db-0')
        .lookup('wbe')
        .catch(() => {});
      await cluster.pod({ namespace: 'shop' }).lookup('web');
    });
    await expecting(pod).not.toMissNothing(() => new pod.Resolver().resolve4('wbe').catch(() => {}));
    const often = () => Promise.allSettled(Array.from({ length: 12 }, () => pod.resolve4('wbe')));
    expect(await failureOf(expecting(pod).toMissNothing(often))).toMatch(/12 of 12 lookups.*\n\.\.\. and 2 more$/s);
    expect(await failureOf(expecting(pod).toMissNothing(() => pod.resolve4('wbe')))).toBe(
      `expected pod shop to miss nothing, but 1 of 1 lookups found nothing.
wbe: Node's dns.resolve* uses no search list: wbe. was asked for, and does not exist
It asked:
  wbe. A: NXDOMAIN - the test's \`externals\` stand for the world outside
The run failed: queryA ENOTFOUND wbe: Node's dns.resolve* uses no search list: wbe. was asked for, and does not exist`,
    );
  });

  test('what is not an assertion on a pod is an error', async () => {
    const pod = await startPod();
    const failed = new Error('the run failed');
    const run = async () => {
      await pod.lookup('web');
      throw failed;
    };
    expect(await failureOf(expecting(pod).toMissNothing(run))).toBe('the run failed');
    expect(await failureOf(expecting(pod).toMissNothing(() => {}))).toBe(
      'toMissNothing: nothing was looked up in pod shop during the run',
    );
    expect(await failureOf(expecting({}).not.toResolve('web'))).toBe(
      'toResolve is for a pod: write expect(cluster.pod(...)).toResolve(...)',
    );
    expect(await failureOf(expecting(pod).toResolve('web', 'web'))).toBe(
      'toResolve: addresses is "web", it should be an IP address, or a list, each item an IP address',
    );
    expect(await failureOf(expecting(pod).toAskAtMost(-1, 'web'))).toBe(
      'toAskAtMost: most is -1, it should be a whole number from 0 on',
    );
  });
});
