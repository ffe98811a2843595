import { expect, test } from 'vitest';
import { printRdata } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { exchangeTcp, exchangeUdp } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { printReply, testMessage } from '../support/query.ts';
import { seededRandom } from '../support/random.ts';
import { startServer } from '../support/server.ts';
import { answering, startUpstream } from '../support/upstream.ts';

/*
 * Clients inside and outside get different addresses for a host name. Whatever other plugin leads to that name, neither may get the answer of the
 * other.
 */

const [INSIDE, OUTSIDE] = ['127.0.0.1', '127.0.0.2'] as const;

const CLUSTER = `
{apiVersion: v1, kind: Service, metadata: {namespace: edge, name: ingress}, spec: {type: LoadBalancer, clusterIP: 10.99.0.1, ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.80}]}}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: edge, name: hidden}, spec: {clusterIP: 10.99.0.1, ports: [{port: 80}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: web}, spec: {ingressClassName: nginx, rules: [{host: www.apps.test}, {host: "*.any.apps.test"}]}, status: {loadBalancer: {ingress: [{ip: 192.0.2.80}]}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: top}, spec: {ingressClassName: pending, rules: [{host: top.test}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, name: loop}, spec: {ingressClassName: nginx, rules: [{host: named.apps.test}]}, status: {loadBalancer: {ingress: [{hostname: www.apps.test}]}}}
---
{apiVersion: externaldns.k8s.io/v1alpha1, kind: DNSEndpoint, metadata: {namespace: shop, name: names}, spec: {endpoints: [{dnsName: alias.apps.test, recordType: CNAME, targets: [www.apps.test]}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: external}, spec: {type: ExternalName, externalName: www.apps.test}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: pod}, status: {podIP: 127.0.0.1, phase: Running}}
`;

const COREFILE = (folder: string, upstream: string) => `. {
    cache 3600
    autopath @kubernetes
    rewrite stop name exact rewritten.test www.apps.test answer auto
    rewrite stop cname exact www.edge.test. www.apps.test.
    template IN A templated.test {
        answer "{{ .Name }} 60 IN CNAME www.apps.test."
    }
    kubernetes cluster.local {
        manifests cluster.yaml
        pods verified
    }
    k8s_gateway apps.test top.test {
        resources Ingress DNSEndpoint
        inside ${INSIDE}/32
        entry pending edge/hidden
        fallthrough
    }
    file ${folder}/zone.db zone.test
    forward . ${upstream}
}
six.test {
    cache 3600
    dns64 {
        allow_ipv4
    }
    rewrite stop name exact six.test www.apps.test answer auto
    k8s_gateway apps.test six.test {
        manifests cluster.yaml
        resources Ingress
        inside ${INSIDE}/32
    }
}
`;

/**
 * What each name leads to. A name without an address outside falls through to the upstream, whose answer is the same for both. `autopath` knows only
 * the pod inside.
 */
const NAMES: readonly (readonly [name: string, type: string, inside: string, outside: string])[] = [
  ['www.apps.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['WWW.apps.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['x.any.apps.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['www.apps.test.', 'ANY', '10.99.0.1', '192.0.2.80'],
  ['top.test.', 'A', '10.99.0.1', '198.51.100.1'],
  ['alias.apps.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['external.shop.svc.cluster.local.', 'A', '10.99.0.1', '192.0.2.80'],
  ['rewritten.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['templated.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['www.zone.test.', 'A', '10.99.0.1', '192.0.2.80'],
  ['www.apps.test.shop.svc.cluster.local.', 'A', '10.99.0.1', ''],
  ['six.test.', 'AAAA', '64:ff9b::a63:1', '64:ff9b::c000:250'],
];
const ADDRESSES = NAMES.flatMap(([, , inside, outside]) => [inside, outside]);

test('no plugin gives a client inside the answer of one outside, or the reverse, in any order', async () => {
  const upstream = await startUpstream(answering(['top.test. 60 IN A 198.51.100.1']));
  const zone = '@ 60 IN SOA a. b. 1 2 3 4 5\n@ 60 IN NS a.\nwww 60 IN CNAME www.apps.test.\n';
  const folder = folderWith({ 'cluster.yaml': CLUSTER, 'zone.db': `$ORIGIN zone.test.\n${zone}` });
  const { port } = await startServer(COREFILE(folder, upstream.endpoint), { file: `${folder}/Corefile` });
  const random = seededRandom(7);
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]!;
  for (let i = 0; i < 2000; i++) {
    const [name, type, inside, outside] = pick(NAMES);
    const from = pick([INSIDE, OUTSIDE]);
    const exchange = pick([exchangeUdp, exchangeUdp, exchangeUdp, exchangeTcp]);
    const flags = pick([{}, { cd: true }, { edns: { do: true } }]);
    const asked = encodeMessage(testMessage(`${name} ${type}`, flags));
    const reply = decodeMessage(await exchange('127.0.0.1', port, asked, from));
    const told = reply.answer.map(printRdata).filter((data) => ADDRESSES.includes(data));
    const expected = from === INSIDE ? inside : outside;
    expect(told, `${i}: ${name} ${type} from ${from}: ${printReply(reply)}`).toEqual(expected === '' ? [] : [expected]);
  }
  await upstream.close();
});
