import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { apiService } from '../../support/api-objects.ts';
import { folderWith } from '../../support/folder.ts';
import { PATIENT } from '../../support/patience.ts';
import { canRun } from '../../support/tools.ts';
import { askContinuously } from './continuously.ts';
import { folderOf } from './folder.ts';
import type { Machine } from './machine.ts';
import { canPlay, DB, OUTSIDE, openShop, WEB } from './shop.ts';
import { DNS_POD, NODE_RESOLV_CONF, type World } from './world.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const ADDRESS = '169.254.20.10';

const read = (file: string) => parseAllDocuments(readFileSync(join(ROOT, 'deploy', file), 'utf8'))[0]!.toJS();
const { initContainers, containers } = read('node-local/daemonset.yaml').spec.template.spec;
const { data } = read('node-local/configmap.yaml');

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
async function prepareNode(node: Machine, rules: string, address = initContainers[0]): Promise<void> {
  const untracked = initContainers[1];
  // Not every kernel that runs tests has interfaces of the type `dummy`.
  await node.setUp(address.command.at(-1).replace('type dummy', 'type bridge'));
  expect(untracked.command).toEqual(['nft', '-f', '/etc/cairn/untracked.nft']);
  await node.setUp(`nft -f ${rules}/untracked.nft`);
}

/** Starts the container of the DaemonSet in the node's network: as root, with one capability. */
async function startNodeLocal(
  { node, stops }: World,
  config: string,
  environment: readonly string[] = [],
): Promise<ChildProcess> {
  const [conf, path, ...flags] = containers[0].args;
  const rights = ['bounding-set', 'inh-caps'].map((set) => `--${set}=-all,+net_bind_service`);
  const child = node.start([
    ...['env', ...environment],
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

const KUBE_DNS = '10.96.0.10';
const SIX = 'fd00:20::10 fd00:10:96::a';

/** Kubeadm's Corefile with the line of the README of node-local-copies, for the node of this world. */
function corefileWithTransfer(): string {
  const folder = join(ROOT, 'test/corefile/distributions');
  const text = readFileSync(join(folder, 'kubeadm.Corefile'), 'utf8');
  const transfer = 'transfer cluster.local {\n  to 10.244.0.0/16\n}\n';
  return relative(
    folder,
    join(folderWith({ Corefile: text.replace('kubernetes ', `${transfer}kubernetes `) }), 'Corefile'),
  );
}

withRules('a pod asks the address of kube-dns, and its node answers from a copy, also over IPv6', async (context) => {
  const { world, client } = await openShop(context, {}, corefileWithTransfer());
  const { node, stops } = world;
  // What the README has the operator do for IPv6.
  const withSix = (text: string) => text.replaceAll('169.254.20.10 10.96.0.10', `169.254.20.10 10.96.0.10 ${SIX}`);
  const copies = read('node-local-copies/configmap.yaml').data;
  const files = { ...copies, Corefile: withSix(copies.Corefile), 'resolv.conf': NODE_RESOLV_CONF, counters: COUNTERS };
  const config = folderOf({ ...files, counters: COUNTERS.replaceAll(ADDRESS, KUBE_DNS) }, stops);
  const [address] = read('node-local-copies/daemonset.yaml').spec.template.spec.initContainers;
  address.command = [...address.command.slice(0, -1), withSix(address.command.at(-1))];
  await node.setUp(`mount --bind ${config}/resolv.conf "$(readlink -m /etc/resolv.conf)"`);
  await node.setUp('sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0');
  await prepareNode(node, config, address);
  await prepareNode(node, config, address);
  await node.setUp(`nft -f ${config}/counters`);
  await client.setUp(`ip route replace ${KUBE_DNS} via 10.244.0.1`);
  const serving = await startNodeLocal(world, config, [`KUBE_DNS_UPSTREAM_SERVICE_HOST=${DNS_POD}`]);

  const metrics = async () => ((await world.order({ get: `http://${ADDRESS}:9253/metrics` })) as { body: string }).body;
  const isCopied = /^cairn_secondary_refreshes_total\{[^}]*result="transferred"\} 1$/m;
  await expect.poll(metrics, PATIENT).toMatch(isCopied);
  const stop = await askContinuously(client, [WEB, DB, OUTSIDE], KUBE_DNS);
  const ask = async (machine: Machine, server: string, name: string) =>
    (await machine.run('dig', '+short', `@${server}`, name)).stdout.trim();
  for (const server of [...SIX.split(' '), ADDRESS, KUBE_DNS]) expect(await ask(node, server, WEB)).toBe('10.96.12.34');
  expect(await ask(client, KUBE_DNS, '10-244-7-7.shop.pod.cluster.local')).toBe('10.244.7.7');
  await world.order({ put: apiService('shop/later', '10.96.77.7') });
  await expect.poll(() => ask(client, KUBE_DNS, 'later.shop.svc.cluster.local'), PATIENT).toBe('10.96.77.7');
  const outcomes = Object.entries(await stop()).map(([name, counts]) => [name, Object.keys(counts)]);
  expect(Object.fromEntries(outcomes)).toEqual({
    [WEB]: ['NOERROR 10.96.12.34'],
    [DB]: ['NOERROR 10.244.5.10 10.244.5.11'],
    [OUTSIDE]: ['NOERROR 192.0.2.80'],
  });
  expect(await metrics()).toMatch(/^cairn_secondary_refreshes_total\{[^}]*result="updated"\} [1-9]/m);
  expect(await metrics()).toMatch(isCopied);
  const { stdout } = await node.run('nft', 'list', 'table', 'ip', 'observed');
  const packets = (comment: string) => Number(new RegExp(`counter packets (\\d+) .*"${comment}"`).exec(stdout)?.[1]);
  expect(packets('untracked')).toBeGreaterThan(10);
  expect(packets('tracked')).toBe(0);
  serving.kill('SIGTERM');
  expect(await once(serving, 'exit')).toEqual([0, null]);
});
