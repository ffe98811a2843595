import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { printResolvConf, resolvConfFor } from '../../../src/resolver/index.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';
import { folderOf, type Stops } from './folder.ts';
import { documentedRules, forbiddenBy } from './least-rights.ts';
import { firstLine, type Machine, startMachine } from './machine.ts';
import type { Done, NodeSetup, Order } from './node.ts';

export const API_ADDRESS = '10.96.0.1';
export const DNS_ADDRESS = '10.96.0.10';
export const DNS_POD = '10.244.0.10';
/** Outside of the cluster. */
const NAMESERVER = '10.0.0.53';
export const NODE_RESOLV_CONF = `search corp.example\nnameserver ${NAMESERVER}\n`;
const KUBELET = { clusterDns: [DNS_ADDRESS], clusterDomain: 'cluster.local', nodeResolvConf: NODE_RESOLV_CONF };
export const FIRST_TOKEN = 'the-first-token';

/** A cluster of one node, in namespaces: the API server at its cluster IP, a name server outside, and pods on a bridge. */
export interface World {
  readonly node: Machine;
  /** Tells the API server what to do, or probes a page as the kubelet does. */
  order(order: Order): Promise<Done>;
  /** A pod of a network and mount namespace of its own, reached at its address; `script` goes on to set it up. */
  pod(address: string, resolvConf: string, script?: string): Promise<Machine>;
  /** A pod with dnsPolicy ClusterFirst. */
  client(address: string, namespace: string): Promise<Machine>;
  readonly stops: Stops;
  stop(): Promise<void>;
}

const OUTSIDE = [
  'www.example.org. 300 IN A 192.0.2.80',
  'www.example.org. 300 IN AAAA 2001:db8::80',
  'foo.example.com. 300 IN A 192.0.2.81',
  'intranet.corp.example. 300 IN A 192.0.2.82',
];

/** @param objects beside those of cluster.yaml; `setup` is how the API server begins, with the documented rights and no others. */
export async function startWorld(
  objects: readonly KubernetesObject[] = [],
  setup: NodeSetup['api'] = {},
): Promise<World> {
  const stops: Stops = [];
  const stop = async () => {
    for (const one of stops.toReversed()) await one();
  };
  const node = await startMachine(`
    ip link add pods type bridge
    ip address add 10.244.0.1/16 dev pods
    ip address add ${API_ADDRESS}/32 dev pods
    ip address add ${NAMESERVER}/32 dev lo
    ip link set pods up
    ip route add ${DNS_ADDRESS} via ${DNS_POD}`);
  stops.push(node.stop);
  const api = {
    ...{ host: API_ADDRESS, port: 443, objects: [...readObjects(beside('cluster.yaml')), ...objects] },
    ...{ tokens: [FIRST_TOKEN], forbidden: forbiddenBy(documentedRules()) },
    ...setup,
  };
  const order = await startNode(node, { api, nameserver: NAMESERVER, outside: OUTSIDE }, stops);
  const pod: World['pod'] = (address, resolvConf, script = '') => startPod(node, address, resolvConf, script, stops);
  const client: World['client'] = (address, namespace) =>
    pod(address, printResolvConf(resolvConfFor({ namespace }, KUBELET)));
  return { node, order, pod, client, stops, stop };
}

const beside = (name: string) => resolve(import.meta.dirname, name);

/** The objects of a file of several YAML documents. */
export function readObjects(file: string): KubernetesObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS());
}

/** Starts the node's program; orders are carried out one after the other. */
async function startNode(node: Machine, setup: NodeSetup, stops: Stops): Promise<World['order']> {
  const folder = folderOf({ 'setup.json': JSON.stringify(setup) }, stops);
  const program = node.start([process.execPath, beside('node.ts'), `${folder}/setup.json`]);
  stops.push(() => program.stdin.end());
  await firstLine(program, 'the node');
  const waiting: ((done: Done) => void)[] = [];
  let printed = '';
  program.stdout.on('data', (chunk) => {
    const lines = `${printed}${chunk}`.split('\n');
    printed = lines.pop()!;
    for (const line of lines) waiting.shift()?.(JSON.parse(line));
  });
  return (order) =>
    new Promise((done) => {
      waiting.push(done);
      program.stdin.write(`${JSON.stringify(order)}\n`);
    });
}

async function startPod(
  node: Machine,
  address: string,
  resolvConf: string,
  script: string,
  stops: Stops,
): Promise<Machine> {
  const folder = folderOf({ 'resolv.conf': resolvConf, 'nsswitch.conf': 'hosts: dns\n' }, stops);
  const pod = await startMachine(`
    mount --bind ${folder}/nsswitch.conf /etc/nsswitch.conf
    ${script}
    # Where it is a link into a folder that is another one now.
    conf=$(readlink -m /etc/resolv.conf)
    [ -e "$conf" ] || { mkdir -p "$(dirname "$conf")"; : >"$conf"; }
    mount --bind ${folder}/resolv.conf "$conf"`);
  stops.push(pod.stop);
  const plug = `pod${pod.pid}`;
  await node.setUp(`
    ip link add ${plug} type veth peer name eth0 netns ${pod.pid}
    ip link set ${plug} master pods up`);
  await pod.setUp(`
    ip address add ${address}/16 dev eth0
    ip link set eth0 up
    ip route add default via 10.244.0.1`);
  // What kube-proxy would translate is an address of the pod itself.
  if (address === DNS_POD) await pod.setUp(`ip address add ${DNS_ADDRESS}/32 dev lo`);
  else await pod.setUp(`ip route add ${DNS_ADDRESS} via ${DNS_POD}`);
  return pod;
}
