import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { PATIENT } from '../../support/patience.ts';
import { canRun } from '../../support/tools.ts';
import { askContinuously } from './continuously.ts';
import { folderOf } from './folder.ts';
import type { Machine } from './machine.ts';
import { canPlay, DB, OUTSIDE, openShop, WEB } from './shop.ts';
import { NODE_RESOLV_CONF, type World } from './world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const ADDRESS = '169.254.20.10';

const read = (file: string) =>
  parseAllDocuments(readFileSync(join(ROOT, 'deploy/node-local', file), 'utf8'))[0]!.toJS();
const { initContainers, containers } = read('daemonset.yaml').spec.template.spec;
const { data } = read('configmap.yaml');

/** Counts, behind the rules under test, what is tracked and what is not of the DNS of the address. */
const COUNTERS = `table ip observed {
  chain input {
    type filter hook input priority filter
    ip daddr ${ADDRESS} th dport 53 ct state untracked counter comment "untracked"
    ip daddr ${ADDRESS} th dport 53 ct state != untracked counter comment "tracked"
  }
}
`;

/** Runs the init containers, as often as it is called. */
async function prepareNode(node: Machine, rules: string): Promise<void> {
  const [address, untracked] = initContainers;
  // Not every kernel that runs tests has interfaces of the type `dummy`.
  await node.setUp(address.command.at(-1).replace('type dummy', 'type bridge'));
  expect(untracked.command).toEqual(['nft', '-f', '/etc/cairn/untracked.nft']);
  await node.setUp(`nft -f ${rules}/untracked.nft`);
}

/** Starts the container of the DaemonSet in the node's network: as root, with one capability. */
async function startNodeLocal({ node, stops }: World, config: string): Promise<ChildProcess> {
  const [conf, path, ...flags] = containers[0].args;
  const rights = ['bounding-set', 'inh-caps'].map((set) => `--${set}=-all,+net_bind_service`);
  const child = node.start([
    ...['setpriv', '--no-new-privs', '--pdeathsig=KILL', ...rights],
    ...[process.execPath, join(ROOT, 'src/cli/main.ts'), conf, path.replace('/etc/coredns', config), ...flags],
  ]);
  stops.push(() => child.kill('SIGKILL'));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  await vi.waitFor(() => expect(printed).toMatch(/^Cairn-/m), PATIENT);
  return child;
}

const withRules = test.runIf(canPlay && canRun('nft', ['--version']));

withRules(
  'a pod asks the cache of its node, also while that is upgraded, and nothing of it is tracked',
  async (context) => {
    const { world, client } = await openShop(context);
    const { node, stops } = world;
    const config = folderOf({ ...data, 'resolv.conf': NODE_RESOLV_CONF, counters: COUNTERS }, stops);
    await node.setUp(`mount --bind ${config}/resolv.conf "$(readlink -m /etc/resolv.conf)"`);
    await prepareNode(node, config);
    await node.setUp(`nft -f ${config}/counters`);

    let serving = await startNodeLocal(world, config);
    const stop = await askContinuously(client, [WEB, DB, OUTSIDE], ADDRESS);
    for (let upgrade = 0; upgrade < 2; upgrade++) {
      await prepareNode(node, config);
      const next = await startNodeLocal(world, config);
      serving.kill('SIGTERM');
      expect(await once(serving, 'exit')).toEqual([0, null]);
      serving = next;
    }
    const health = () => world.order({ get: `http://${ADDRESS}:8080/health` });
    await expect.poll(health).toEqual({ status: 200, body: 'OK' });
    const outcomes = Object.entries(await stop()).map(([name, counts]) => [name, Object.keys(counts)]);
    expect(Object.fromEntries(outcomes)).toEqual({
      [WEB]: ['NOERROR 10.96.12.34'],
      [DB]: ['NOERROR 10.244.5.10 10.244.5.11'],
      [OUTSIDE]: ['NOERROR 192.0.2.80'],
    });

    const { stdout } = await node.run('nft', 'list', 'table', 'ip', 'observed');
    const packets = (comment: string) => Number(new RegExp(`counter packets (\\d+) .*"${comment}"`).exec(stdout)?.[1]);
    expect(packets('untracked')).toBeGreaterThan(100);
    expect(packets('tracked')).toBe(0);
  },
);
