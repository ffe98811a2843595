import { expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';

const CLUSTER = `
{kind: Gateway, metadata: {name: web, namespace: a}, spec: {gatewayClassName: istio, listeners: [{name: web, port: 80, protocol: HTTP, hostname: "*.web.example"}]}, status: {addresses: [{value: 192.0.2.1}]}}
---
{kind: HTTPRoute, metadata: {name: refused, namespace: a}, spec: {parentRefs: [{name: web}], hostnames: [refused.web.example]}, status: {parents: []}}
---
{kind: HTTPRoute, metadata: {name: elsewhere, namespace: a}, spec: {parentRefs: [{name: web}], hostnames: [elsewhere.example]}}
---
{kind: HTTPRoute, metadata: {name: foreign, namespace: b}, spec: {parentRefs: [{name: web, namespace: a}], hostnames: [foreign.web.example]}}
---
{kind: HTTPRoute, metadata: {name: lost, namespace: a}, spec: {parentRefs: [{name: nowhere}], hostnames: [lost.web.example]}}
---
{kind: HTTPRoute, metadata: {name: good, namespace: a}, spec: {parentRefs: [{name: web}], hostnames: [good.web.example]}}
---
{kind: Ingress, metadata: {name: shop, namespace: b}, spec: {ingressClassName: traefik, rules: [{host: shop.example}]}}
---
{kind: Service, metadata: {name: db, namespace: a, annotations: {coredns.io/hostname: db.example}}, spec: {clusterIP: 10.96.0.1, ports: [{port: 1}]}}
---
{kind: DNSEndpoint, metadata: {name: d, namespace: a}, spec: {endpoints: [{dnsName: d.example, recordType: A, targets: [192.0.2.3]}]}}
`;
const KINDS = 'resources HTTPRoute Ingress Service\n';

test.each([
  ['refused.web', KINDS, 'HTTPRoute a/refused declares it, but no Gateway has accepted it: see its status.parents'],
  ['elsewhere', KINDS, /but no listener of Gateway a\/web serves it/],
  ['foreign.web', KINDS, /but no listener of Gateway a\/web serves it: see their hostname, allowedRoutes/],
  ['lost.web', KINDS, 'HTTPRoute a/lost declares it, but there is no Gateway a/nowhere, or no right to read it'],
  ['good.web', `${KINDS}gatewayClasses envoy`, /but 'gatewayClasses' leaves out the class 'istio' of Gateway a\/web/],
  [
    'shop',
    `${KINDS}ingressClasses nginx`,
    "Ingress b/shop declares it, but 'ingressClasses' leaves out its class 'traefik'",
  ],
  ['shop', `${KINDS}namespaces a`, "Ingress b/shop declares it, but 'namespaces' leaves b out"],
  ['db', KINDS, /but its type is ClusterIP, and without 'inside' only load balancers count/],
  ['db', `${KINDS}inside\nserviceLabelSelectors x=y`, /but 'serviceLabelSelectors' leaves it out/],
  ['d', KINDS, "DNSEndpoint a/d declares it, but 'resources' does not list DNSEndpoint"],
  ['shp', KINDS, 'no object declares this name; did you mean shop.example.?'],
])('%s with %j', async (name, options, text) => {
  const { explain } = gateway({ cluster: CLUSTER, options });
  expect(await explain(`${name}.example. A`)).toMatch(text);
});
