import { expect, test } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { loadCluster } from '../cluster-input.ts';
import { addressesServed, parseServe } from './serve.ts';

const MANIFESTS = `
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIPs: [10.96.0.20, "fd00::20"], ports: [{name: http, port: 80}, {name: https, port: 443}, {name: quic, port: 443, protocol: UDP}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: dns}, spec: {clusterIP: 10.96.0.21, ports: [{port: 53, protocol: UDP}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: db}, spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432, targetPort: 6432}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-0, labels: {app: db}}, spec: {containers: [{ports: [{name: metrics, containerPort: 9187}]}]}, status: {podIP: 10.244.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-1, labels: {app: db}}, status: {podIP: 10.244.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: pending}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: api}, spec: {clusterIP: 10.96.0.22, selector: {app: db}, ports: [{name: pg, port: 80, targetPort: 6432}, {name: admin, port: 81, targetPort: admin}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: lost}, spec: {clusterIP: 10.96.0.23, selector: {app: dbs}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: lost-nodes}, spec: {clusterIP: None, selector: {app: dbs}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: bare, name: web}, spec: {clusterIP: 10.96.0.24, selector: {app: web}, ports: [{port: 80}]}}
`;

async function served(...texts: readonly string[]) {
  const cluster = await loadCluster({ manifests: [`${folderWith({ 'cluster.yaml': MANIFESTS })}/cluster.yaml`] });
  return addressesServed(
    texts.map((text) => parseServe(`${text}=8080`)),
    cluster,
  ).map(({ at, name }) => `${name} ${at.address} ${at.port}`);
}

test.each([
  ['shop/web:http', ['shop/web 10.96.0.20 80', 'shop/web fd00::20 80']],
  ['shop/web:443', ['shop/web 10.96.0.20 443', 'shop/web fd00::20 443']],
  ['shop/db', ['shop/db 10.244.0.1 6432', 'shop/db 10.244.0.2 6432']],
  ['shop/api', ['shop/api 10.96.0.22 80']],
  ['bare/web', ['bare/web 10.96.0.24 80']],
  ['shop/db-0', ['shop/db-0 10.244.0.1 9187', 'shop/db-0 10.244.0.1 6432']],
  ['shop/db-0:metrics', ['shop/db-0 10.244.0.1 9187']],
  ['shop/db-1', ['shop/db-1 10.244.0.2 6432']],
  ['shop/db-1:22', ['shop/db-1 10.244.0.2 22']],
])('%s is at %j', async (text, addresses) => {
  expect(await served(text)).toEqual(addresses);
});

test.each([
  [['shop/wbe'], '--serve: the cluster has no Service and no Pod shop/wbe; did you mean shop/web?'],
  [['shop/web:81'], '--serve: shop/web has no TCP port 81; it has 80 (http), 443 (https)'],
  [['shop/dns'], '--serve: shop/dns has no TCP port; it has none with an address'],
  [
    ['shop/api:admin'],
    '--serve: shop/api, port 81, has no ready endpoint: no container of its pods has a port with the name admin; they have metrics',
  ],
  [['shop/lost'], '--serve: shop/lost, port 80, has no ready endpoint: no pod of shop has the labels app=dbs'],
  [['shop/lost-nodes'], '--serve: shop/lost-nodes, port 80, has no ready endpoint: no pod of shop has the labels'],
  [['shop/pending:80'], '--serve: shop/pending has no TCP port 80'],
  [['shop/db', 'shop/db-0:6432'], 'two --serve are for 10.244.0.1:6432, of shop/db and shop/db-0: leave one out'],
])('%j is an error', async (texts, message) => {
  await expect(served(...texts)).rejects.toThrow(message);
});

test('without manifests, nothing can be served', () => {
  expect(addressesServed([], undefined)).toEqual([]);
  expect(() => addressesServed([parseServe('shop/web=80')], undefined)).toThrow('--serve needs manifests');
});
