import { expect, test } from 'vitest';
import { maskIP, parseIP, parsePrefix, printIP } from '../../src/dns/ip.ts';
import { Class, Opcode, Rcode } from '../../src/dns/message.ts';
import { foldName, isAtOrBelow, type Name } from '../../src/dns/name.ts';
import { reverseName, reverseNetwork } from '../../src/dns/reverse.ts';
import { printType } from '../../src/dns/rr.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { exchangeTcp, exchangeUdp } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { testMessage } from '../support/query.ts';
import { seededRandom } from '../support/random.ts';
import { startServer } from '../support/server.ts';
import { answering, startUpstream } from '../support/upstream.ts';

/*
 * Whatever is asked, and whatever is in the block, an upstream gets no name of the cluster's zone and none of its networks.
 */

const OBJECTS = `
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd00:10:96::1'], ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: near, namespace: shop}, spec: {type: ExternalName, externalName: gone.shop.svc.cluster.local}}
---
{apiVersion: v1, kind: Service, metadata: {name: far, namespace: shop}, spec: {type: ExternalName, externalName: 9.9.244.10.in-addr.arpa}}
---
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: shop}, status: {phase: Running, podIP: 127.0.0.1}}
`;
const NETWORKS = ['10.96.0.0/14', '10.244.0.0/16', 'fd00:10:96::/112', 'fd00:10:244::/62'];
const PREFIXES = NETWORKS.map((text) => parsePrefix(text)!);

/** Whether a name is one of the cluster's zone, or of addresses of its networks only. */
function isOwn(name: Name): boolean {
  const folded = foldName(name);
  if (isAtOrBelow(folded, 'cluster.local.')) return true;
  const network = reverseNetwork(folded);
  return PREFIXES.some(
    ({ ip, bits }) =>
      network?.ip.length === ip.length && network.bits >= bits && printIP(maskIP(network.ip, bits)) === printIP(ip),
  );
}

function* names(random: () => number): Generator<Name> {
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const label = () =>
    pick([
      'web',
      'shop',
      'svc',
      'pod',
      'no',
      '_http',
      '_tcp',
      'a\\.b',
      '\\000',
      '*',
      '10-244-0-9',
      'ns',
      'dns',
      'x'.repeat(60),
    ]);
  const cased = (name: string) => [...name].map((c) => (random() < 0.3 ? c.toUpperCase() : c)).join('');
  for (let n = 0; n < 130; n++) {
    const labels = Array.from({ length: Math.floor(random() * 4) }, label);
    yield cased(
      [...labels, pick(['cluster.local.', 'svc.cluster.local.', 'shop.svc.cluster.local.', 'search.test.'])].join('.'),
    );
    const { ip } = pick(PREFIXES);
    const address = Uint8Array.from(ip, (octet, at) =>
      at < ip.length / 2 ? octet : octet | Math.floor(random() * 256),
    );
    const reverse = reverseName(address).split('.');
    const from = Math.floor(random() * (reverse.length - 4));
    yield cased([...labels, ...reverse.slice(from)].join('.'));
  }
  for (const name of ['near', 'far']) yield `${name}.shop.svc.cluster.local.`;
  for (const text of ['8.8.8.8', '2001:db8::1']) yield reverseName(parseIP(text)!);
}

/** A cluster that keeps nothing. */
const OTHER = 'kubernetes cluster.local in-addr.arpa ip6.arpa {\nmanifests FOLDER/other.yaml\nfallthrough\n}';

const TYPES = ['A', 'AAAA', 'PTR', 'SRV', 'TXT', 'ANY', 'NS', 'SOA', 'DS', 'HTTPS', 'CNAME', 'IXFR', 'AXFR'];

test.each<readonly [string, string, string, string?]>([
  ['nothing else', '', ''],
  [
    'autopath and rewrite',
    'autopath FOLDER/resolv.conf\nrewrite name suffix .search.test .cluster.local answer auto',
    '',
  ],
  ['autopath from pods', 'autopath @kubernetes', 'pods verified'],
  ['isolate', '', 'pods verified\nisolate'],
  ['classes', 'chaos', ''],
  ['another cluster behind it', '', '', OTHER],
  ['another cluster before it', OTHER, ''],
  ['dns64 and filter', 'dns64 {\n allow_ipv4\n translate_all\n}\nfilter AAAA', ''],
])('with %s', async (_, above = '', lines = '', below = '') => {
  const upstream = await startUpstream(answering([], { rcode: Rcode.NXDOMAIN }));
  const folder = folderWith({
    'objects.yaml': OBJECTS,
    'other.yaml': '{apiVersion: v1, kind: Namespace, metadata: {name: other}}',
    'resolv.conf': 'search search.test cluster.local\n',
  });
  const { port } = await startServer(`. {
    ${above.replaceAll('FOLDER', folder)}
    cache {
      prefetch 1
      serve_stale
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      manifests ${folder}/objects.yaml
      ${lines}
      fallthrough
      guard networks ${NETWORKS.join(' ')}
    }
    ${below.replaceAll('FOLDER', folder)}
    forward . ${upstream.endpoint}
  }`);
  const random = seededRandom(11);
  let asked = 0;
  for (const name of names(random)) {
    const type = TYPES[asked++ % TYPES.length]!;
    const message = testMessage(`${name} ${type}`);
    const [question] = message.questions;
    const other =
      asked % 5 === 0 ? { questions: [{ ...question!, class: [Class.CH, Class.ANY, 254][asked % 3]! }] } : {};
    const notify = asked % 7 === 0 ? { opcode: Opcode.NOTIFY } : {};
    const exchange = type.endsWith('XFR') ? exchangeTcp : exchangeUdp;
    decodeMessage(await exchange('127.0.0.1', port, encodeMessage({ ...message, ...other, ...notify }), '127.0.0.1'));
  }
  const got = upstream.received.map(({ message: { questions } }) => questions[0]!);
  expect(got.length).toBeGreaterThan(0);
  expect(
    got.filter(({ name }) => isOwn(name)).map(({ name, type, class: c }) => `${name} ${printType(type)} ${c}`),
  ).toEqual([]);
});
