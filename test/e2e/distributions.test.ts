import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { printRcode } from '../../src/dns/message.ts';
import { printRdata } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { exchangeUdp } from '../support/ask.ts';
import { CA_CERT, KEY, SERVER_CERT } from '../support/authority.ts';
import { testMessage } from '../support/query.ts';
import { startServer } from '../support/server.ts';
import { answerTo, type Received, type ScriptedUpstream, startUpstream } from '../support/upstream.ts';

const COREFILES = join(import.meta.dirname, '../corefile');

/** What the folder of the Corefiles has beside them. */
const FILES = {
  NodeHosts: '192.168.7.2 node-2\n',
  'ca.pem': CA_CERT,
  'custom/hosts.override': 'rewrite name exact alias.example kubernetes.default.svc.cluster.local answer auto\n',
  'custom/stub.server': 'stub.example {\nhosts /dev/null {\n192.0.2.99 www.stub.example\n}\n}\n',
};

/** Where the Corefiles' names and addresses lead to in the tests. */
interface World {
  readonly folder: string;
  /** Whom the node's resolv.conf names. */
  readonly node: string;
  /** The cluster's own DNS, behind NodeLocal DNSCache, or a company's, behind a stub zone. */
  readonly other: string;
  /** A resolver over TLS, whose certificate is for dns.test. */
  readonly tls: string;
}

/** All that is changed in the Corefiles: ports, paths, addresses, and where the cluster is read from. */
const ADAPTED: readonly (readonly [RegExp, (world: World) => string])[] = [
  [/(?<=^\S+):(?:53|5353)(?= \{)/gm, () => ''],
  [/(?<=^ +)ready$/gm, () => 'ready 127.0.0.1:0'],
  [/(?<=^ +)health( \S+:\d+)?(?=$| \{)/gm, () => 'health 127.0.0.1:0'],
  [/(?<=^ +prometheus) \S*:\d+/gm, () => ' 127.0.0.1:0'],
  [/lameduck \d+s/g, () => 'lameduck 0s'],
  [/\/etc\/resolv\.conf/g, ({ node }) => node],
  [/(?=pods (?:insecure|verified)$)/gm, ({ folder }) => `manifests ${folder}/cluster.yaml\n`],
  [/\/etc\/coredns\//g, ({ folder }) => `${folder}/`],
  // NodeLocal DNSCache
  [/bind 169\.254\.20\.10 10\.96\.0\.10/g, () => 'bind 127.0.0.1 127.0.0.2'],
  [/10\.96\.0\.11/g, ({ other }) => other],
  // OpenShift
  [/1\.1\.1\.1 2\.2\.2\.2:5353/g, ({ other }) => other],
  // The hand-kept one
  [/tls:\/\/1\.1\.1\.1 tls:\/\/1\.0\.0\.1/g, ({ tls }) => `tls://${tls}`],
  [/tls_servername cloudflare-dns\.com/g, ({ folder }) => `tls ${folder}/ca.pem\ntls_servername dns.test`],
];

function adapt(corefile: string, world: World): string {
  return ADAPTED.reduce((text, [from, to]) => text.replace(from, () => to(world)), corefile);
}

/** A resolver that knows an A record for every name but those of nowhere.example, and nothing else. */
function resolver(address: string): (query: Received) => void {
  return (query) => {
    const { name, type } = query.message.questions[0]!;
    if (name.endsWith('nowhere.example.')) query.reply(answerTo(query.message, [], { rcode: 3 }));
    else query.reply(answerTo(query.message, type === 1 ? [`${name} 300 IN A ${address}`] : []));
  };
}

let folder: string;
let node: ScriptedUpstream;
let other: ScriptedUpstream;
let overTls: ScriptedUpstream;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'distributions-'));
  await mkdir(join(folder, 'custom'));
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  await cp(join(COREFILES, 'cluster.yaml'), join(folder, 'cluster.yaml'));
  node = await startUpstream(resolver('192.0.2.1'));
  other = await startUpstream(resolver('192.0.2.2'));
  overTls = await startUpstream(resolver('192.0.2.3'), { cert: SERVER_CERT, key: KEY });
});

afterAll(async () => {
  await Promise.all([node, other, overTls].map((upstream) => upstream.close()));
  await rm(folder, { recursive: true });
});

async function start(name: string) {
  const world = { folder, node: node.endpoint, other: other.endpoint, tls: overTls.endpoint };
  const text = adapt(readFileSync(join(COREFILES, 'distributions', name), 'utf8'), world);
  const env = { CORP_DNS_1: other.endpoint, CORP_DNS_2: other.endpoint };
  return startServer(text, { file: join(folder, 'Corefile'), env });
}

/** `QUESTION => RCODE ANSWERS`, asked over UDP from 127.0.0.1. */
async function answer(port: number, question: string, address = '127.0.0.1'): Promise<string> {
  return print(question, await exchangeUdp(address, port, encodeMessage(testMessage(question))));
}

function print(question: string, octets: Uint8Array): string {
  const { rcode, answer } = decodeMessage(octets);
  return [`${question} =>`, printRcode(rcode), ...answer.map(printRdata)].join(' ');
}

/** What every Corefile with the cluster in it must answer. */
const CLUSTER = `
kubernetes.default.svc.cluster.local. A => NOERROR 10.96.0.1
db.prod.svc.cluster.local. A => NOERROR 10.244.1.9
_http._tcp.api.prod.svc.cluster.local. SRV => NOERROR 0 100 80 api.prod.svc.cluster.local.
nothing.kube-system.svc.cluster.local. A => NXDOMAIN
1.0.96.10.in-addr.arpa. PTR => NOERROR kubernetes.default.svc.cluster.local.`;

const INSECURE = '10-1-2-3.prod.pod.cluster.local. A => NOERROR 10.1.2.3';

/** What the node's resolver is asked, the last one for a reverse name that is not the cluster's. */
const OUTSIDE = `
www.example. A => NOERROR 192.0.2.1
www.nowhere.example. A => NXDOMAIN
9.9.9.9.in-addr.arpa. PTR => NOERROR`;

const EXPECTED: Readonly<Record<string, string>> = {
  'kubeadm.Corefile': `${CLUSTER}\n${INSECURE}${OUTSIDE}`,
  'kubeadm-older.Corefile': `${CLUSTER}\n${INSECURE}${OUTSIDE}`,
  'minikube.Corefile': `${CLUSTER}\n${INSECURE}${OUTSIDE}
host.minikube.internal. A => NOERROR 192.168.49.1`,
  'k3s.Corefile': `${CLUSTER}\n${INSECURE}${OUTSIDE}
node-2. A => NOERROR 192.168.7.2
2.7.168.192.in-addr.arpa. PTR => NOERROR node-2.
alias.example. A => NOERROR 10.96.0.1
www.stub.example. A => NOERROR 192.0.2.99`,
  'aks.Corefile': `${CLUSTER}\n${INSECURE}${OUTSIDE}
a.b.c.d.internal.cloudapp.net. A => NXDOMAIN
a.internal.cloudapp.net. A => NOERROR 192.0.2.1
www.reddog.microsoft.com. AAAA => NXDOMAIN
alias.example. A => NOERROR 10.96.0.1
www.stub.example. A => NOERROR 192.0.2.99`,
  'openshift.Corefile': `${CLUSTER}\n${INSECURE}${OUTSIDE}
www.bar.com. A => NOERROR 192.0.2.2`,
  'nodelocaldns.Corefile': `
kubernetes.default.svc.cluster.local. A => NOERROR 192.0.2.2
1.0.96.10.in-addr.arpa. A => NOERROR 192.0.2.2
1.0.0.0.ip6.arpa. A => NOERROR 192.0.2.2
www.nowhere.example. A => NXDOMAIN
www.example. A => NOERROR 192.0.2.1`,
  'stubdomains.Corefile': `${CLUSTER}
10-1-2-3.prod.pod.cluster.local. A => NXDOMAIN
127-0-0-1.prod.pod.cluster.local. A => NOERROR 127.0.0.1
db-0.db.prod.svc.cluster.local. A => NOERROR 10.244.1.9
api.internal.example. A => NOERROR 10.96.7.7
db.prod.svc.example.internal. A => NOERROR 10.244.1.9
www.example. A => NOERROR 192.0.2.3
www.example. AAAA => NOERROR
www.example.prod.svc.cluster.local. A => NOERROR www.example. 192.0.2.3
other.internal.example. A => SERVFAIL
www.corp.example. A => NOERROR 192.0.2.2`,
};

test.each(Object.entries(EXPECTED))('%s answers as its author meant', async (name, expected) => {
  const { port, lines } = await start(name);
  const questions = expected.trim().split('\n');
  const answers: string[] = [];
  for (const line of questions) answers.push(await answer(port, line.split(' => ')[0]!));
  expect(answers).toEqual(questions);
  expect(lines.filter((line) => /^\[(?:ERROR|WARNING)\]/.test(line) && !line.includes('lameduck'))).toEqual(
    name === 'stubdomains.Corefile' ? [expect.stringContaining('other.internal.example. A')] : [],
  );
});

test('every Corefile is tried', () => {
  expect(readdirSync(join(COREFILES, 'distributions')).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
});

test('NodeLocal DNSCache asks the cluster over TCP and others over UDP, and has each address of its own', async () => {
  const { server } = await start('nodelocaldns.Corefile');
  expect(server.listening.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.2']);
  const asked = { node: node.received.length, other: other.received.length };
  for (const { address, port } of server.listening) {
    await answer(port, `${address}.cluster.local. A`, address);
    await answer(port, `${address}.example. A`, address);
  }
  const protocols = ({ received }: ScriptedUpstream, from: number) =>
    received
      .slice(from)
      .filter(({ message }) => message.questions[0]!.name.startsWith('127.0.0'))
      .map(({ protocol }) => protocol);
  expect(protocols(other, asked.other)).toEqual(['tcp', 'tcp']);
  expect(protocols(node, asked.node)).toEqual(['udp', 'udp']);
});

test('OpenShift: hostname.bind tells who answers, in class CH', async () => {
  const { port } = await start('openshift.Corefile');
  expect(await answer(port, 'hostname.bind. TXT CH')).toMatch(/ => NOERROR "\S+"$/);
});

test('the hand-kept one: acl and dns64 look at the client, and the stub zone is asked over TCP', async () => {
  const { server, port } = await start('stubdomains.Corefile');
  const from = async (address: string, question: string) => {
    const visit = { client: { address, port: 1 } };
    return print(question, (await server.answer(encodeMessage(testMessage(question)), visit)) as Buffer);
  };
  expect(await from('192.0.2.200', 'www.example. A')).toBe('www.example. A => REFUSED');
  expect(await from('10.1.2.3', 'www.example. A')).toBe('www.example. A => NOERROR 192.0.2.3');
  expect(await from('fd00::1', 'www.example. AAAA')).toBe('www.example. AAAA => NOERROR 64:ff9b::c000:203');
  await answer(port, 'tcp.corp.example. A');
  expect(other.received.find(({ message }) => message.questions[0]!.name === 'tcp.corp.example.')?.protocol).toBe(
    'tcp',
  );
});
