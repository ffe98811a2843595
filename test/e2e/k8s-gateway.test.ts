import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Rcode } from '../../src/dns/message.ts';
import { printRdata } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { startApiServer } from '../support/api-server/index.ts';
import { ask, exchangeTcp, exchangeUdp } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { PATIENT } from '../support/patience.ts';
import { testMessage } from '../support/query.ts';
import { startServer } from '../support/server.ts';

/** An ingress controller behind a NodePort service, and an application with and without TLS. */
const CLUSTER = `
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: ingress-nginx}
spec: {type: NodePort, clusterIP: 10.96.0.10, ports: [{name: http, port: 80, nodePort: 30080}]}
---
apiVersion: v1
kind: Node
metadata: {name: node1}
status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}
---
apiVersion: v1
kind: Service
metadata: {name: myapp, namespace: myns}
spec: {clusterIP: 10.96.0.20, selector: {app: myapp}, ports: [{port: 80}]}
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: myapp, namespace: myns, annotations: {kubernetes.io/ingress.class: nginx}}
spec:
  rules: [{host: www.node1.com, http: {paths: [{backend: {serviceName: myapp, servicePort: 80}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: myapp-tls, namespace: myns}
spec:
  ingressClassName: nginx
  tls: [{hosts: [secure.node1.com], secretName: tls}]
  rules: [{host: secure.node1.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: myapp, port: {number: 80}}}}]}}]
`;

const gateway = (more = '') => `k8s_gateway node1.com {
    resources Ingress Service Node
    inside 127.0.0.2/32
    entry nginx ingress-nginx/ingress
    ${more}
  }`;

const kubernetes = `kubernetes cluster.local {
    manifests cluster.yaml
  }`;

async function start(body: string, cluster = CLUSTER) {
  const folder = folderWith({ 'cluster.yaml': cluster });
  const file = join(folder, 'Corefile');
  const running = await startServer(`. {\n  bind 127.0.0.1\n  ${body}\n}`, { file });
  return { ...running, port: running.port, manifest: join(folder, 'cluster.yaml') };
}

describe.each([
  ['with the cluster of kubernetes', `${kubernetes}\n  ${gateway()}`],
  ['with a cluster of its own', gateway('manifests cluster.yaml')],
])('%s', (_, body) => {
  test.each([
    ['UDP', exchangeUdp],
    ['TCP', exchangeTcp],
  ])('the name of an Ingress leads to its entry point, over %s', async (__, exchange) => {
    const { port } = await start(body);
    const from = async (client: string, question: string) => {
      const response = await exchange('127.0.0.1', port, encodeMessage(testMessage(question)), client);
      return decodeMessage(response).answer.map(printRdata);
    };
    for (const name of ['www.node1.com.', 'secure.node1.com.']) {
      expect([await from('127.0.0.2', `${name} A`), await from('127.0.0.1', `${name} A`)]).toEqual([
        ['10.96.0.10'],
        ['192.0.2.11'],
      ]);
    }
    expect(await from('127.0.0.1', 'node1.node1.com. A')).toEqual(['192.0.2.11']);
  });

  test('a change of the manifests is served', async () => {
    const { port, manifest } = await start(body);
    expect((await ask(port, 'new.node1.com', 'A')).rcode).toBe('NXDOMAIN');
    writeFileSync(manifest, CLUSTER.replace('host: www.node1.com', 'host: new.node1.com'));
    await vi.waitFor(
      async () => expect((await ask(port, 'new.node1.com', 'A')).answer).toEqual(['192.0.2.11']),
      PATIENT,
    );
    expect((await ask(port, 'www.node1.com', 'A')).rcode).toBe('NXDOMAIN');
  });
});

test('kubernetes, k8s_external and k8s_gateway serve one cluster in one block', async () => {
  const { port } = await start(`${kubernetes}
  k8s_external external.test
  ${gateway()}`);
  expect((await ask(port, 'myapp.myns.svc.cluster.local', 'A')).answer).toEqual(['10.96.0.20']);
  expect((await ask(port, 'www.node1.com', 'A')).answer).toEqual(['192.0.2.11']);
  expect((await ask(port, 'external.test', 'SOA')).rcode).toBe('NOERROR');
});

test('a reload that changes no option keeps the serial', async () => {
  const { port, server, rewrite } = await start(`${kubernetes}\n  ${gateway()}`);
  const serial = async () => (await ask(port, 'node1.com', 'SOA')).answer;
  const before = await serial();
  rewrite(`. {\n  bind 127.0.0.1\n  errors\n  ${kubernetes}\n  ${gateway('fallthrough')}\n  whoami\n}`);
  expect(await server.reload()).toBe('reloaded');
  expect(await serial()).toEqual(before);
  expect((await ask(port, 'none.node1.com', 'A')).answer).toEqual([]);
});

test('other servers may have a copy of the zone', async () => {
  const { port } = await start(`${kubernetes}
  transfer node1.com {
    to *
  }
  ${gateway()}`);
  const response = await exchangeTcp('127.0.0.1', port, encodeMessage(testMessage('node1.com. AXFR')));
  const { rcode, answer } = decodeMessage(response);
  expect(rcode).toBe(Rcode.NOERROR);
  expect(answer.map(({ name }) => name)).toEqual(expect.arrayContaining(['www.node1.com.', 'node1.node1.com.']));
});

test('without a cluster, the start fails', async () => {
  await expect(startServer('. {\n  bind 127.0.0.1\n  k8s_gateway example\n}')).rejects.toThrow(
    /no option says which one to serve/,
  );
});

test('a name server has the address of its Service, also if Services are not among the resources', async () => {
  const service = (name: string, ip: string) => ({
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'kube-system' } },
    ...{ spec: { type: 'LoadBalancer', ports: [{ port: 53 }] }, status: { loadBalancer: { ingress: [{ ip }] } } },
  });
  const api = await startApiServer({ objects: [service('dns1', '192.0.2.53'), service('dns2', '192.0.2.54')] });
  onTestFinished(() => api.close());
  const source = `endpoint ${api.url}\n    resources Ingress\n    secondary dns2.kube-system`;
  const { port } = await startServer(`. {\n  k8s_gateway node1.com {\n    ${source}\n  }\n}`);
  const addressOf = async (name: string) => (await ask(port, `${name}.kube-system.node1.com`, 'A')).answer;
  expect([await addressOf('dns1'), await addressOf('dns2')]).toEqual([['192.0.2.53'], ['192.0.2.54']]);
});

test('manifests of a Service without a cluster IP are a problem only for clients inside', async () => {
  const manifest =
    'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {ports: [{port: 80}]}\n';
  const lines = async (more: string) =>
    (await start(`k8s_gateway node1.com {\n manifests cluster.yaml\n ${more}\n }`, manifest)).lines.join('\n');
  expect(await lines('')).not.toContain('WARNING');
  expect(await lines('inside')).toContain('Service shop/web has no clusterIP');
});

test('names of manifests without an address are told of at the start, and by cairn check', async () => {
  const ingress = (name: string, rest: string) =>
    `---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: ${name}, namespace: shop}, spec: {ingressClassName: nginx, rules: [{host: ${name}.node1.com}]}${rest}}\n`;
  const good = ingress('good', ', status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}');
  const bad = [...'abcdefgh'].map((name) => ingress(name, '')).join('');
  const { lines } = await start('k8s_gateway node1.com {\n manifests cluster.yaml\n }', good + bad);
  const warnings = lines.filter((line) => line.startsWith('[WARNING]'));
  expect(warnings).toHaveLength(7);
  expect(warnings[0]).toContain(
    'a.node1.com. of Ingress shop/a (class nginx) has no address yet: its status.loadBalancer.ingress is empty',
  );
  expect(warnings[6]).toContain('and 2 more names have no address yet');
});

test('without the right to Services, names of Ingresses are served, and the log says what lacks', async () => {
  const ingress = {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web', namespace: 'shop' } },
    spec: { rules: [{ host: 'www.node1.com' }] },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  };
  const api = await startApiServer({ objects: [ingress], forbidden: [{ resource: 'services' }] });
  onTestFinished(() => api.close());
  const body = `ready 127.0.0.1:0\n  k8s_gateway node1.com {\n    endpoint ${api.url}\n    resources Ingress\n  }`;
  const { port, lines, server } = await startServer(`. {\n  ${body}\n}`);
  await vi.waitFor(async () => expect((await ask(port, 'www.node1.com', 'A')).answer).toEqual(['192.0.2.1']), PATIENT);
  expect((await ask(port, 'none.node1.com', 'A')).rcode).toBe('NXDOMAIN');
  const page = `http://127.0.0.1:${server.pagePort('127.0.0.1:0')}/ready`;
  await vi.waitFor(async () => expect((await fetch(page)).status).toBe(200), PATIENT);
  expect(lines.join('\n')).toMatch(/services.*forbidden|forbidden.*services/);
});
