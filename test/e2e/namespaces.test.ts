import { encode } from 'dns-packet';
import { expect, test, vi } from 'vitest';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { createResolver, type Explanation, type StubName } from '../../src/resolver/index.ts';
import type { Server } from '../../src/server/server.ts';
import { exchangeTcp, exchangeUdp, questionPacket } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer } from '../support/server.ts';

const OBJECTS = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
status: {phase: Running, podIP: 127.0.0.7}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: billing}
status: {phase: Running, podIP: 127.0.0.8}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: monitoring}
spec: {hostNetwork: true}
status: {phase: Running, podIP: 127.0.0.9}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
`;

/** A server for two pods, which also knows a name outside of the cluster. */
const corefile = ({ options = 'namespaces', more = '' } = {}) => `. {
    ${more}
    prometheus 127.0.0.1:0 {
      ${options}
    }
    hosts /dev/null example.org {
      192.0.2.1 www.example.org
    }
    kubernetes cluster.local {
      manifests ${folderWith({ 'objects.yaml': OBJECTS })}
      pods verified
    }
  }`;

const WEB = encode(questionPacket('web.shop.svc.cluster.local', 'A'));

/** The values of a metric by namespace, and by further labels. */
async function valuesOf({ metrics }: Server, name: string): Promise<Record<string, number>> {
  const lines = (await metrics.expose()).split('\n').filter((line) => line.startsWith(`cairn_namespace_${name}{`));
  const values = lines.map((line) => {
    const [, labels = ''] = /\{(.*)\}/.exec(line)!;
    return [labels.replace(/\w+="(.*?)"/g, '$1'), Number(line.split(' ').at(-1))] as const;
  });
  return Object.fromEntries(values.filter(([, value]) => value > 0));
}

test.each<[StubName, string, number]>([
  ['glibc', 'www.example.org', 6],
  ['musl', 'www.example.org', 6],
  ['musl-1.2.3', 'www.example.org', 6],
  ['go', 'www.example.org', 6],
  ['c-ares', 'www.example.org', 6],
  ['node', 'www.example.org', 0],
  ['glibc', 'www.example.org.', 0],
  ['glibc', 'web.shop', 2],
  ['glibc', 'web.shop.svc.cluster.local', 6],
  ['glibc', 'no.example.org', 0],
])('a pod with %s that looks up %s wastes %i queries', async (stub, name, wasted) => {
  const { server } = await startServer(corefile());
  const client = { address: '127.0.0.8', port: 5000 };
  const lookups: Explanation[] = [];
  const resolver = createResolver({
    stub,
    resolvConf:
      'nameserver 10.96.0.10\nsearch billing.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n',
    transport: async (message) => (await server.answer(message, { client })) as Buffer,
    onLookup: (explanation) => lookups.push(explanation),
  });
  await resolver.lookup(name).catch(() => {});
  const { queries, result } = lookups[0]!;
  const missing = queries.filter(({ outcome }) => outcome === 'nxdomain');
  // The reference: what the resolver itself has seen.
  expect(result.ok ? missing.length : 0).toBe(wasted);
  expect((await valuesOf(server, 'wasted_queries_total')).billing ?? 0).toBe(wasted);
  expect(await valuesOf(server, 'queries_total')).toEqual({ billing: queries.length });
});

test('responses from the memo count for the client that got them', async () => {
  const { server } = await startServer(corefile());
  const clients = ['127.0.0.7', '127.0.0.8', '127.0.0.8', '127.0.0.9', '192.0.2.9'];
  for (let round = 0; round < 4; round++) {
    for (const address of clients) await server.answer(WEB, { client: { address, port: 5000 } });
  }
  expect(await valuesOf(server, 'responses_total')).toEqual({
    'shop,NOERROR': 4,
    'billing,NOERROR': 8,
    ',NOERROR': 8,
  });
  expect(await server.metrics.expose()).toMatch(/^cairn_memo_hits_total\{.*\} 1[5-9]$/m);
});

test.runIf(await loadMachinery())(
  'with worker threads every query counts for its client, over UDP and TCP',
  async () => {
    const { server, port } = await startServer(corefile({ more: 'multisocket 2' }));
    for (let round = 0; round < 8; round++) {
      await Promise.all([
        exchangeUdp('127.0.0.1', port, WEB, '127.0.0.7'),
        exchangeUdp('127.0.0.1', port, WEB, '127.0.0.8'),
        exchangeUdp('127.0.0.1', port, WEB, '127.0.0.8'),
        exchangeTcp('127.0.0.1', port, WEB, '127.0.0.8'),
      ]);
    }
    expect(await server.metrics.expose()).toMatch(/^cairn_udp_workers\{.*\} 2$/m);
    await vi.waitFor(
      async () => expect(await valuesOf(server, 'queries_total')).toEqual({ shop: 8, billing: 24 }),
      PATIENT,
    );
  },
);

test('a lookup that goes on in another server block is one lookup', async () => {
  const objects = folderWith({ 'objects.yaml': OBJECTS });
  const { server } = await startServer(`cluster.local {
    prometheus 127.0.0.1:0 {
      namespaces
    }
    kubernetes {
      manifests ${objects}
      pods verified
    }
  }
  . {
    prometheus 127.0.0.1:0 {
      namespaces
    }
    hosts /dev/null {
      192.0.2.1 www.example.org
    }
  }`);
  const client = { address: '127.0.0.7', port: 5000 };
  for (const domain of ['.shop.svc.cluster.local', '.svc.cluster.local', '.cluster.local', '']) {
    await server.answer(encode(questionPacket(`www.example.org${domain}`, 'A')), { client });
  }
  expect(await valuesOf(server, 'wasted_queries_total')).toEqual({ shop: 3 });
  expect(await valuesOf(server, 'outside_queries_total')).toEqual({ shop: 1 });
});

test.each([
  ['namespaces', 'pods insecure', 1],
  ['namespaces', 'pods verified', 0],
  ['', 'pods insecure', 0],
])('%j with %j warns %i times of pods that are not known', async (options, pods, warnings) => {
  const { lines } = await startServer(corefile({ options }).replace('pods verified', pods));
  expect(lines.filter((line) => line.includes("'pods verified'"))).toHaveLength(warnings);
});

test('a reload that fails leaves the counts as they are, and one that takes the option away ends them', async () => {
  const { server, rewrite } = await startServer(corefile());
  const count = () => server.answer(WEB, { client: { address: '127.0.0.7', port: 5000 } });
  await count();
  rewrite(`${corefile({ options: 'namespaces 1' })}\nexample.net {\nbind 192.0.2.77\nwhoami\n}`);
  expect(await server.reload()).toBe('failed');
  await count();
  rewrite(corefile({ options: 'namespaces 1' }));
  expect(await server.reload()).toBe('reloaded');
  await count();
  expect(await valuesOf(server, 'queries_total')).toEqual({ shop: 3 });
  rewrite(corefile({ options: '' }));
  expect(await server.reload()).toBe('reloaded');
  expect(await valuesOf(server, 'queries_total')).toEqual({});
});
