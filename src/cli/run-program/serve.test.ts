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
  [['shop/pending:80'], '--serve: shop/pending has no TCP port 80'],
  [['shop/db', 'shop/db-0:6432'], 'two --serve are for 10.244.0.1:6432, of shop/db and shop/db-0: leave one out'],
])('%j is an error', async (texts, message) => {
  await expect(served(...texts)).rejects.toThrow(message);
});

test('without manifests, nothing can be served', () => {
  expect(addressesServed([], undefined)).toEqual([]);
  expect(() => addressesServed([parseServe('shop/web=80')], undefined)).toThrow('--serve needs manifests');
});
