import { describe, expect, test } from 'vitest';
import { gateway } from '../../../test/support/declared.ts';
import { parseRecord } from '../../dns/presentation.ts';
import { UNCHANGING } from '../../plugin/repeat.ts';
import { createReply, type Reply } from '../../plugin/reply.ts';

const INSIDE = '10.1.2.3';
const OUTSIDE = '198.51.100.1';

/** The cluster of an ingress controller behind a NodePort service, with other entry points. */
const CLUSTER = `
kind: Service
metadata: {name: ingress, namespace: ingress-nginx}
spec: {type: NodePort, clusterIPs: [10.96.0.10, "fd00::10"], ports: [{port: 80}]}
---
kind: Ingress
apiVersion: extensions/v1beta1
metadata: {name: myapp, namespace: myns, annotations: {kubernetes.io/ingress.class: nginx}}
spec: {rules: [{host: www.node1.com}]}
---
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 10.9.0.1}, {type: ExternalIP, address: 192.0.2.9}]}
---
kind: Service
metadata: {name: traefik, namespace: kube-system}
spec: {type: LoadBalancer, clusterIP: 10.96.0.20, ports: [{port: 443}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
kind: Service
metadata: {name: a-first-by-name, namespace: kube-system}
spec: {type: LoadBalancer, clusterIP: 10.96.0.21, ports: [{port: 53}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
kind: Ingress
metadata: {name: shop, namespace: shop}
spec: {ingressClassName: traefik, rules: [{host: shop.node1.com}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
kind: Service
metadata: {name: elb, namespace: aws}
spec: {type: LoadBalancer, clusterIP: 10.96.0.30, ports: [{port: 443}]}
status: {loadBalancer: {ingress: [{hostname: LB.cloud.test}]}}
---
kind: Ingress
metadata: {name: named, namespace: shop}
spec: {rules: [{host: named.node1.com}]}
status: {loadBalancer: {ingress: [{hostname: lb.cloud.test}]}}
---
kind: Ingress
metadata: {name: lost, namespace: shop}
spec: {ingressClassName: other, rules: [{host: lost.node1.com}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.77}]}}
---
kind: Gateway
metadata: {name: labelled, namespace: infra}
spec: {gatewayClassName: envoy, listeners: [{name: http, port: 80, protocol: HTTP}]}
status: {addresses: [{value: 192.0.2.2}]}
---
kind: Service
metadata: {name: envoy-1, namespace: infra, labels: {gateway.networking.k8s.io/gateway-name: labelled}}
spec: {clusterIP: 10.96.0.40, ports: [{port: 80}]}
---
kind: HTTPRoute
metadata: {name: labelled, namespace: infra}
spec: {parentRefs: [{name: labelled}], hostnames: [labelled.node1.com]}
---
kind: Gateway
metadata: {name: owned, namespace: infra}
spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
status: {addresses: [{value: 192.0.2.3}]}
---
kind: Service
metadata:
  name: owned-istio
  namespace: infra
  ownerReferences: [{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, name: owned, uid: "1"}]
spec: {type: LoadBalancer, clusterIP: 10.96.0.41, ports: [{port: 80}]}
---
kind: HTTPRoute
metadata: {name: owned, namespace: infra}
spec: {parentRefs: [{name: owned}], hostnames: [owned.node1.com]}
---
kind: Service
metadata: {name: alias, namespace: shop, annotations: {coredns.io/hostname: alias.node1.com}}
spec: {clusterIP: 10.96.0.50, ports: [{port: 80}]}
---
kind: Service
metadata: {name: headless, namespace: shop, annotations: {coredns.io/hostname: headless.node1.com}}
spec: {clusterIP: None, ports: [{port: 80}]}
---
kind: EndpointSlice
metadata: {name: headless-1, namespace: shop, labels: {kubernetes.io/service-name: headless}}
addressType: IPv4
endpoints: [{addresses: [10.1.0.1]}]
---
kind: Service
metadata: {name: external, namespace: shop, annotations: {coredns.io/hostname: external.node1.com}}
spec: {type: ExternalName, externalName: www.test}
---
kind: DNSEndpoint
metadata: {name: db, namespace: shop}
spec: {endpoints: [{dnsName: db.node1.com, recordType: A, targets: [192.0.2.8]}]}
`;

const OPTIONS = `
resources HTTPRoute Ingress Service DNSEndpoint Node
entry nginx ingress-nginx/ingress
inside 10.0.0.0/8 fd00::/8
`;

const setUp = (options = OPTIONS, cluster = CLUSTER) => gateway({ cluster, options, zones: ['node1.com.', 'nodes.'] });

describe('the address inside and the address outside', () => {
  test.each([
    ['entry, and the nodes', 'www.node1.com. A', 'A 10.96.0.10', 'A 10.9.0.1'],
    ['both families', 'www.node1.com. AAAA', 'AAAA fd00::10', 'NODATA'],
    ['the service with the same address and the ports of the web', 'shop.node1.com. A', 'A 10.96.0.20', 'A 192.0.2.1'],
    ['the service with the same host name', 'named.node1.com. A', 'A 10.96.0.30', 'SERVFAIL'],
    ['nothing found', 'lost.node1.com. A', 'A 192.0.2.77', 'A 192.0.2.77'],
    ['a Gateway by label', 'labelled.node1.com. A', 'A 10.96.0.40', 'A 192.0.2.2'],
    ['a Gateway by owner', 'owned.node1.com. A', 'A 10.96.0.41', 'A 192.0.2.3'],
    ['an annotated service', 'alias.node1.com. A', 'A 10.96.0.50', 'NODATA'],
    ['an annotated headless service', 'headless.node1.com. A', 'A 10.1.0.1', 'NODATA'],
    ['a service without addresses inside', 'external.node1.com. A', 'NXDOMAIN', 'NXDOMAIN'],
    ['a load balancer', 'traefik.kube-system.node1.com. A', 'A 10.96.0.20', 'A 192.0.2.1'],
    ['a DNSEndpoint', 'db.node1.com. A', 'A 192.0.2.8', 'A 192.0.2.8'],
    ['a node', 'n1.nodes. A', 'A 10.9.0.1', 'A 10.9.0.1'],
  ])('%s: %s', async (_, question, inside, outside) => {
    const { ask } = setUp();
    expect([await ask(question, INSIDE), await ask(question, OUTSIDE)]).toEqual([inside, outside]);
  });

  test('without networks, all clients are inside; without the option, none is', async () => {
    const all = setUp('inside');
    const none = setUp('');
    expect(await all.ask('shop.node1.com. A', OUTSIDE)).toBe('A 10.96.0.20');
    expect(await none.ask('shop.node1.com. A', INSIDE)).toBe('A 192.0.2.1');
    expect(await none.ask('alias.node1.com. A', INSIDE)).toBe('NXDOMAIN');
  });

  test('nodes are for outside only if their kind is watched, and of the type that is asked for', async () => {
    expect(await setUp('entry nginx ingress-nginx/ingress').ask('www.node1.com. A')).toBe('NODATA');
    expect(await setUp('resources Ingress Node').ask('www.node1.com. A')).toBe('NODATA');
    const external = setUp('resources Ingress Node\nentry nginx ingress-nginx/ingress\nnodeAddressType ExternalIP');
    expect(await external.ask('www.node1.com. A')).toBe('A 192.0.2.9');
  });

  test('the entry of a class of Gateways comes before their labels', async () => {
    const { ask } = setUp(`${OPTIONS}\nentry envoy kube-system/traefik`);
    expect(await ask('labelled.node1.com. A', INSIDE)).toBe('A 10.96.0.20');
  });
});

describe('the memo', () => {
  const isRepeated = async (reply: Reply | Promise<Reply>) => (await reply).repeat !== undefined;

  test('keeps what is the same for all clients, and nothing else', async () => {
    const { reply } = setUp();
    for (const client of [INSIDE, OUTSIDE]) {
      for (const same of [
        'db.node1.com. A',
        'lost.node1.com. A',
        'none.node1.com. A',
        'node1.com. A',
        'n1.nodes. TXT',
      ]) {
        expect([same, await isRepeated(reply(same, client))]).toEqual([same, true]);
      }
      for (const different of ['www.node1.com. A', 'www.node1.com. TXT', 'alias.node1.com. A', 'shop.node1.com. ANY']) {
        expect([different, await isRepeated(reply(different, client))]).toEqual([different, false]);
      }
    }
    expect(await isRepeated(setUp('inside').reply('shop.node1.com. A'))).toBe(true);
    expect(await isRepeated(setUp('').reply('shop.node1.com. A'))).toBe(true);
  });

  test('a reply of the next plugin is not kept if only some clients got it', async () => {
    const cluster = `
kind: Service
metadata: {name: apex, namespace: shop, annotations: {coredns.io/hostname: node1.com}}
spec: {clusterIP: 10.96.0.50, ports: [{port: 80}]}
`;
    const next = () =>
      createReply('next', { answer: [parseRecord('node1.com. 9 IN A 192.0.2.7')], repeat: UNCHANGING });
    const options = 'inside 10.0.0.0/8\nfallthrough';
    const { ask, reply } = gateway({ cluster, options, zones: ['node1.com.'], next });
    expect([await ask('node1.com. A', INSIDE), await ask('node1.com. A', OUTSIDE)]).toEqual(['A 10.96.0.50', 'next']);
    expect(await isRepeated(reply('node1.com. A', OUTSIDE))).toBe(false);
    expect(await isRepeated(reply('none.node1.com. A', OUTSIDE))).toBe(true);
  });
});

describe('what is counted and explained', () => {
  test('replies by the kind of object and of clients', async () => {
    const { ask, env } = setUp();
    await ask('shop.node1.com. A', INSIDE);
    await ask('shop.node1.com. A', OUTSIDE);
    await ask('shop.node1.com. TXT', OUTSIDE);
    await ask('db.node1.com. A', INSIDE);
    await ask('none.node1.com. A', INSIDE);
    const moved = (await env.exposed('cairn_k8s_gateway_answers_total')).filter((line) => !line.endsWith(' 0'));
    expect(moved.map((line) => line.replace('cairn_k8s_gateway_answers_total', ''))).toEqual([
      '{kind="nodata",clients=""} 1',
      '{kind="nxdomain",clients=""} 1',
      '{kind="Ingress",clients="inside"} 1',
      '{kind="Ingress",clients="outside"} 1',
      '{kind="DNSEndpoint",clients="all"} 1',
    ]);
  });

  test.each([
    [
      'www.node1.com. A',
      "Ingress myns/myapp (class nginx): 10.96.0.10, fd00::10; inside clients reach Ingress myns/myapp at Service ingress-nginx/ingress, which 'entry' names",
    ],
    [
      'shop.node1.com. A',
      'Ingress shop/shop (class traefik): 10.96.0.20; inside clients reach Ingress shop/shop at Service kube-system/traefik, which has its address',
    ],
    [
      'labelled.node1.com. A',
      'HTTPRoute infra/labelled: 10.96.0.40; inside clients reach Gateway infra/labelled at Service infra/envoy-1, which belongs to the Gateway',
    ],
    [
      'lost.node1.com. A',
      "Ingress shop/lost (class other): 192.0.2.77; Ingress shop/lost has no entry inside the cluster: no Service has an address of the Ingress: add 'entry other NAMESPACE/SERVICE'",
    ],
  ])('%s', async (question, text) => {
    expect(await setUp().explain(question, INSIDE)).toBe(text);
  });

  test('the entry is named to clients outside, too', async () => {
    expect(await setUp().explain('www.node1.com. A', OUTSIDE)).toBe(
      "Ingress myns/myapp (class nginx): 10.9.0.1; inside clients reach Ingress myns/myapp at Service ingress-nginx/ingress, which 'entry' names",
    );
  });
});

test('a newer Service with the address of an entry does not take its place', async () => {
  const service = (name: string, created: string, spec: string) =>
    `---\n{kind: Service, metadata: {name: ${name}, namespace: a, creationTimestamp: "${created}"}, spec: ${spec}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}\n`;
  const ingress =
    '{kind: Ingress, metadata: {name: web, namespace: a}, spec: {rules: [{host: www.node1.com}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}\n';
  const balanced = (ip: string) => `{type: LoadBalancer, clusterIP: ${ip}, ports: [{port: 443}]}`;
  const right = service('z-right', '2026-01-01T00:00:00Z', balanced('10.96.0.1'));
  const newer = service('b-newer', '2026-02-01T00:00:00Z', balanced('10.96.0.2'));
  const claimed = '{clusterIP: 10.96.0.3, externalIPs: [192.0.2.1], ports: [{port: 443}]}';
  const claims = service('a-claims', '2025-01-01T00:00:00Z', claimed);
  const { ask } = gateway({ zones: ['node1.com.'], options: 'inside', cluster: ingress + newer + claims + right });
  expect(await ask('www.node1.com. A')).toBe('A 10.96.0.1');
});
