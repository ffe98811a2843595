import { expect, test } from 'vitest';
import { askContinuously } from './continuously.ts';
import { canPlay, DB, openShop } from './shop.ts';
import { moveOf, rollingUpdate, type Step } from './stateful-set.ts';

test.runIf(canPlay)('a rolling update of a StatefulSet never loses an address that is ready', async (context) => {
  const { world, dns, client, addressesOf } = await openShop(context);
  const put = async ({ slices, addresses }: Step) => {
    for (const slice of slices) {
      await world.order({ put: slice });
      // Clients get the time to see what is between two slices.
      await dns.page('ready');
    }
    await expect.poll(() => addressesOf('db')).toEqual(addresses);
  };
  const steps = rollingUpdate();
  await put(steps[0]!);
  const stop = await askContinuously(client, [DB, `db-0.${DB}`]);
  for (const step of steps.slice(1)) await put(step);
  await put(moveOf(steps.at(-1)!));
  const outcomes = await stop();
  const states = steps.map(({ addresses }) => `NOERROR ${addresses.join(' ')}`);
  expect(Object.keys(outcomes[DB]!).sort()).toEqual([...new Set(states)].sort());
  expect(Object.keys(outcomes[`db-0.${DB}`]!)).toEqual(['NOERROR 10.244.5.0', 'NXDOMAIN', 'NOERROR 10.244.6.0']);
});
