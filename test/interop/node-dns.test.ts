import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../src/testing/index.ts';
import { canPlayPod, type Files, runServed } from './node-dns/pod.ts';
import { type Outcome, outcomesOf, ROWS } from './node-dns/rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'cairn-node-dns-'));

const ZONE = `$ORIGIN records.test.
@ 60 IN SOA ns hostmaster 7 3600 600 86400 30
@ 60 IN NS ns
@ 60 IN MX 10 mail
@ 60 IN CAA 128 issue "ca.test"
@ 60 IN NAPTR 1 2 "S" "SIP+D2U" "" _sip._udp
ns 60 IN A 192.0.2.53
mail 60 IN A 192.0.2.25
text 60 IN TXT "one" "two"
text 60 IN TXT "three"
alias 20 IN CNAME mail
_443._tcp 60 IN TLSA 3 1 1 0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3
`;

/** Where the objects come from is all that differs between the two. */
const corefile = (manifests: string) => `cluster.local 10.in-addr.arpa {
  kubernetes {
    ${manifests}
    pods insecure
  }
}
servfail.test 67.10.in-addr.arpa {
  template ANY ANY {
    rcode SERVFAIL
  }
}
refused.test 68.10.in-addr.arpa {
  acl {
    block
  }
  whoami
}
silent.test 66.10.in-addr.arpa {
  acl {
    drop
  }
  whoami
}
records.test {
  file ${folder}/zone
}
. {
  hosts /dev/null {
    192.0.2.7 www.example.com
    2001:db8::7 www.example.com
    192.0.2.8 xn--bcher-kva.example
    192.0.2.25 mail.example.com
  }
}
`;

const MANIFESTS = `
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: web}, spec: {clusterIP: 10.96.0.20, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: other, name: api}, spec: {clusterIP: 10.96.0.21, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: mail}, spec: {type: ExternalName, externalName: mail.example.com}}
---
{apiVersion: v1, kind: Service, metadata: {namespace: shop, name: db}, spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432}]}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-0, labels: {app: db}}, spec: {hostname: db-0, subdomain: db, hostAliases: [{ip: 192.0.2.9, hostnames: [legacy, legacy.test]}, {ip: 192.0.2.10, hostnames: [alone]}]}, status: {podIP: 10.244.0.1}}
---
{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-1, labels: {app: db}}, spec: {hostname: db-1, subdomain: db}, status: {podIP: 10.244.0.2}}
`;

let cluster: Cluster;
let real: Record<string, Outcome> = {};
let kit: Record<string, Outcome> = {};

beforeAll(async () => {
  writeFileSync(join(folder, 'zone'), ZONE);
  writeFileSync(join(folder, 'cluster.yaml'), MANIFESTS);
  cluster = await startCluster({ manifests: join(folder, 'cluster.yaml'), corefile: corefile('') });
  const pod = cluster.pod('db-0');
  const files: Files = {
    'resolv.conf': pod.resolvConf,
    hosts: pod.hosts,
    Corefile: corefile(`manifests ${folder}/cluster.yaml`),
  };
  if (!canPlayPod) return;
  const ran = await runServed(files, resolve(import.meta.dirname, 'node-dns/inside.ts'));
  expect(ran, ran.stderr + ran.stdout).toMatchObject({ code: 0 });
  [real, kit] = [JSON.parse(ran.stdout), await outcomesOf(pod)];
});

afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

test.runIf(canPlayPod).each(Object.keys(ROWS))(
  '%s: a pod of the test kit gives what Node.js gives in a pod',
  (text) => {
    expect(kit[text]).toEqual(real[text]);
  },
);
