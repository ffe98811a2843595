import { expect, type TestContext } from 'vitest';
import { apiService } from '../../support/api-objects.ts';
import { canRun } from '../../support/tools.ts';
import { type DnsPod, startDnsPod } from './dns-pod.ts';
import { canMakeMachines, type Machine } from './machine.ts';
import type { NodeSetup } from './node.ts';
import { startWorld, type World } from './world.ts';

export const WEB = 'web.shop.svc.cluster.local';
export const DB = 'db.shop.svc.cluster.local';
export const OUTSIDE = 'www.example.org';

/** Whether what follows can be played here. */
export const canPlay = canMakeMachines && canRun('dig', ['-v']);

/** A world with Cairn and a pod in the namespace `shop`, until the test is over. */
export interface Shop {
  readonly world: World;
  readonly dns: DnsPod;
  readonly client: Machine;
  /** What the pod finds under a name. */
  addressesOf(name: string): Promise<string[]>;
  /** Adds a service, and waits until the pod finds it. */
  expectToLearn(name: string, address: string): Promise<void>;
}

export async function openShop(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  api: NodeSetup['api'] = {},
  corefile = 'kubeadm.Corefile',
): Promise<Shop> {
  const world = await startWorld([], api);
  onTestFinished(world.stop);
  const dns = await startDnsPod(world, corefile);
  const client = await world.client('10.244.1.1', 'shop');
  const addressesOf = async (name: string) =>
    (await client.run('dig', '+short', '+search', name, 'A')).stdout.split('\n').filter(Boolean).sort();
  return {
    ...{ world, dns, client, addressesOf },
    async expectToLearn(name, address) {
      await world.order({ put: apiService(`shop/${name}`, address) });
      await expect.poll(() => addressesOf(name)).toEqual([address]);
    },
  };
}
