import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { Class, type Question, Rcode } from '../../../src/dns/message.ts';
import { parseType } from '../../../src/dns/rr.ts';
import { plugins } from '../../../src/plugins.ts';
import { corefileSource } from '../../../src/server/configuration/corefile-source.ts';
import { Server } from '../../../src/server/server.ts';
import { type KubernetesObject, startApiServer } from '../../support/api-server/index.ts';
import { compareServers, type Difference } from './compare.ts';
import { askAll } from './exchange.ts';
import { freePorts, startProgram } from './servers.ts';

/** The zone of the names in declared.yaml. */
export const ZONE = 'example.test';

/** How one server block serves the cluster: the lines of `k8s_gateway`. */
export interface Block {
  readonly title: string;
  readonly lines: readonly string[];
}

const EVERY_KIND = 'resources HTTPRoute TLSRoute GRPCRoute Ingress Service DNSEndpoint Node';

export const blocks: readonly Block[] = [
  { title: 'every kind', lines: [EVERY_KIND, 'secondary dns2.kube-system', 'ttl 30'] },
  { title: 'no option', lines: [] },
  { title: 'Services before Ingresses', lines: ['resources Service Ingress'] },
  { title: 'Ingresses of a class', lines: ['resources Ingress', 'ingressClasses nginx'] },
  { title: 'Gateways of a class', lines: ['resources HTTPRoute', 'gatewayClasses envoy'] },
  { title: 'Services with a label', lines: ['resources Service', 'serviceLabelSelectors dns=yes'] },
  { title: 'external addresses of nodes', lines: ['resources Node', 'nodeAddressType ExternalIP'] },
  { title: 'fallthrough', lines: ['resources Ingress', 'fallthrough'] },
];

const namedObjects: readonly KubernetesObject[] = parseAllDocuments(
  readFileSync(join(import.meta.dirname, 'declared.yaml'), 'utf8'),
).map((document) => document.toJS());

/** What the plugin of CoreDNS asks for before it watches a kind. */
const definitions: readonly KubernetesObject[] = [
  ...['gatewayclasses', 'gateways', 'httproutes', 'tlsroutes', 'grpcroutes'].map((kind) =>
    definition(`${kind}.gateway.networking.k8s.io`, 'v1'),
  ),
  definition('dnsendpoints.externaldns.k8s.io', 'v1alpha1'),
];

function definition(name: string, version: string): KubernetesObject {
  return {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name } },
    spec: { versions: [{ name: version, served: true, storage: true }] },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  };
}

const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'SOA', 'NS', 'CNAME', 'SRV'];

/** Every name of the zone that an object declares, those above and below it, and near misses. */
function namedQuestions(): Question[] {
  const text = JSON.stringify(namedObjects);
  const declared = [...text.matchAll(/[\w*.-]+\.example\.test/gi)].map(([name]) => name);
  const services = namedObjects
    .filter(({ kind }) => kind === 'Service')
    .map(({ metadata: { name, namespace } }) => `${name}.${namespace}.${ZONE}`);
  const nodes = ['node-1', 'node-2.zone-b', 'node-3', 'ip-10-1-0-2', 'relative', 'short.a'].map(
    (name) => `${name}.${ZONE}`,
  );
  const names = [...declared, ...services, ...nodes, `zone-b.${ZONE}`, `dns9.kube-system.${ZONE}`, ZONE];
  const others = names.flatMap((name) => [
    name.replace('*', 'x'),
    `x.${name.replace('*', 'y')}`,
    name.replace(/^[^.]+\./, ''),
    `no${name}`,
    name.toUpperCase(),
  ]);
  const asked = [...new Set([...names, ...others])].filter((name) => `.${name.toLowerCase()}`.endsWith(`.${ZONE}`));
  return asked.flatMap((name) => TYPES.map((type) => ({ name: `${name}.`, type: parseType(type)!, class: Class.IN })));
}

/** Serves the cluster with that program, a CoreDNS that has the plugin, and with Cairn. Returns what differs in each block. */
export async function compareNames(program: string, folder: string): Promise<ReadonlyMap<Block, Difference[]>> {
  const api = await startApiServer({ objects: [...namedObjects, ...definitions] });
  try {
    const [left, right] = [await freePorts(blocks.length), await freePorts(blocks.length)];
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf(api.url));
    const stop = await startReference(program, folder, corefileOf(left, `kubeconfig ${kubeconfig}`));
    try {
      const text = corefileOf(right, `endpoint ${api.url}`);
      const source = corefileSource({ file: join(folder, 'Corefile'), text, plugins, dnsPort: 0 });
      const server = new Server({ source, sink: () => {} });
      await server.start();
      try {
        const found = new Map<Block, Difference[]>();
        for (const [i, block] of blocks.entries()) {
          const [one, other] = [left[i]!, right[i]!].map((port) => ({ host: '127.0.0.1', port }));
          await Promise.all([untilReady(one!), untilReady(other!)]);
          found.set(block, await compareServers(one!, other!, namedQuestions()));
        }
        return found;
      } finally {
        await server.shutdown();
      }
    } finally {
      await stop();
    }
  } finally {
    await api.close();
  }
}

function startReference(program: string, folder: string, text: string): Promise<() => Promise<void>> {
  const file = join(folder, 'reference.Corefile');
  writeFileSync(file, text);
  return startProgram(program, ['-conf', file]);
}

function corefileOf(ports: readonly number[], source: string): string {
  return blocks
    .map(({ lines }, i) => {
      const options = [source, ...lines].map((line) => `        ${line}\n`).join('');
      return `.:${ports[i]} {\n    hosts {\n        127.0.0.1 localhost\n        fallthrough\n    }\n    k8s_gateway ${ZONE} {\n${options}    }\n}\n`;
    })
    .join('\n');
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}

/** Both refuse to answer before they have read the cluster. */
async function untilReady(server: { readonly host: string; readonly port: number }): Promise<void> {
  const question = { name: `${ZONE}.`, type: parseType('NS')!, class: Class.IN };
  for (let tries = 0; tries < 300; tries++) {
    const [reply] = await askAll(server, [question]);
    if (reply!.rcode === Rcode.NOERROR) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${server.host}:${server.port} is not ready`);
}
