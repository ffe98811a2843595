import { afterEach, expect, test, vi } from 'vitest';
import { startShop } from '../../test/support/shop.ts';
import { systemClock } from '../observe/clock.ts';

afterEach(() => vi.restoreAllMocks());

test('a plan is what a lookup asks for if nothing is found', async () => {
  const cluster = await startShop();
  const pod = cluster.pod({ namespace: 'shop', image: 'debian' });
  expect(pod.plan('api.web')).toEqual({
    name: 'api.web',
    stub: 'glibc',
    candidates: [
      {
        name: 'api.web.shop.svc.cluster.local.',
        suffix: 'shop.svc.cluster.local',
        reason: 'search list, element 1 of 3',
      },
      { name: 'api.web.svc.cluster.local.', suffix: 'svc.cluster.local', reason: 'search list, element 2 of 3' },
      { name: 'api.web.cluster.local.', suffix: 'cluster.local', reason: 'search list, element 3 of 3' },
      { name: 'api.web.', reason: 'as typed, last: 1 dot < ndots 5' },
    ],
    types: ['A', 'AAAA'],
    parallel: true,
    together: false,
  });
  expect(pod.plan('web', { type: 'srv' })).toMatchObject({
    stub: 'node',
    candidates: [{ name: 'web.' }],
    types: ['SRV'],
  });
  for (const name of ['192.0.2.1', 'localhost']) expect(pod.plan(name).candidates).toEqual([]);
  expect(cluster.queries()).toEqual([]);
});

test('a plan and an explanation need a name and a record type', async () => {
  const pod = (await startShop()).pod({ namespace: 'shop' });
  const message = '"type" must be a record type such as A, SRV or TYPE65, not "AAAAA"';
  expect(() => pod.plan('web', { type: 'AAAAA' })).toThrow(message);
  await expect(pod.explain('web', { type: 'AAAAA' })).rejects.toThrow(message);
  expect(() => pod.plan(undefined as never)).toThrow('"name" must be');
  await expect(pod.explain(undefined as never)).rejects.toThrow('"name" must be');
});

test('plans and explanations are the same in every run', async () => {
  const run = async () => {
    const corefile = '. {\n  kubernetes cluster.local\n  forward . /etc/resolv.conf\n  loadbalance\n}\n';
    const externals = { 'api.example.com': ['192.0.2.7', '192.0.2.8', '192.0.2.9', '2001:db8::7'] };
    const pod = (await startShop({ corefile, externals })).pod({ namespace: 'shop', image: 'alpine' });
    const names = ['web', 'wbe', 'db-0.db', 'api.example.com', 'localhost', '10.0.0.1'];
    const explained = await Promise.all(names.map((name) => pod.explain(name)));
    return { explained, plans: names.map((name) => pod.plan(name)) };
  };
  const first = await run();
  vi.spyOn(systemClock, 'now').mockReturnValue(0);
  expect(await run()).toEqual(first);
  expect(first.explained.map(({ elapsedMs }) => elapsedMs)).toEqual([0, 0, 0, 0, 0, 0]);
});
