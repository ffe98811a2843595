import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { printRcode } from '../../src/dns/message.ts';
import { printRdata } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { systemClock } from '../../src/observe/clock.ts';
import { definePlugin } from '../../src/plugin/plugin.ts';
import { type GatewayOptions, parseGateway } from '../../src/plugins/k8s_gateway/options.ts';
import { createGateway } from '../../src/plugins/k8s_gateway/plugin.ts';
import { plugins } from '../../src/plugins.ts';
import { exchangeTcp } from '../support/ask.ts';
import { declaredCluster } from '../support/declared.ts';
import { PATIENT } from '../support/patience.ts';
import { testMessage } from '../support/query.ts';
import { seededRandom } from '../support/random.ts';
import { startServer } from '../support/server.ts';

const INSIDE = '127.0.0.2';
const OUTSIDE = '127.0.0.1';
const QUESTIONS = 10_000;
const AT_ONCE = 50;

/** The addresses of the entry point and of another service, which changes of the cluster move. */
interface Addresses {
  readonly outside: string;
  readonly inside: string;
  readonly alias: string;
}

const clusterWith = ({ outside, inside, alias }: Addresses) => `
kind: Service
metadata: {name: ingress, namespace: infra}
spec: {type: NodePort, clusterIP: ${inside}, ports: [{port: 80}]}
---
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: www.example}, {host: "*.wild.example"}, {host: example}]}
status: {loadBalancer: {ingress: [{ip: ${outside}}]}}
---
kind: Service
metadata: {name: alias, namespace: shop, annotations: {coredns.io/hostname: alias.example}}
spec: {clusterIP: ${alias}, ports: [{port: 80}]}
---
kind: DNSEndpoint
metadata: {name: more, namespace: shop}
spec:
  endpoints:
    - {dnsName: cname.example, recordType: CNAME, targets: [www.example]}
    - {dnsName: same.example, recordType: A, targets: [192.0.2.200]}
`;

/** What a client must get, by name. */
const EXPECTED: Readonly<Record<string, (addresses: Addresses, isInside: boolean) => string>> = {
  'www.example.': ({ outside, inside }, isInside) => (isInside ? inside : outside),
  'WWW.example.': ({ outside, inside }, isInside) => (isInside ? inside : outside),
  'a.wild.example.': ({ outside, inside }, isInside) => (isInside ? inside : outside),
  'example.': ({ outside, inside }, isInside) => (isInside ? inside : outside),
  'alias.example.': ({ alias }, isInside) => (isInside ? alias : ''),
  'cname.example.': ({ outside, inside }, isInside) => `www.example. ${isInside ? inside : outside}`,
  'renamed.example.': ({ outside, inside }, isInside) => (isInside ? inside : outside),
  'same.example.': () => '192.0.2.200',
  'none.example.': () => 'NXDOMAIN',
};

const corefile = (workers: string) => `. {
  bind 127.0.0.1
  ${workers}
  cache 3600
  loadbalance
  rewrite name exact renamed.example www.example answer auto
  k8s_gateway example {
    resources Ingress Service DNSEndpoint
    inside ${INSIDE}/32
    entry nginx infra/ingress
  }
}`;

test.each([
  ['one thread', '', true],
  ['worker threads', 'multisocket 2', await loadMachinery()],
])('clients inside and outside never get the answers of each other: %s', async (_, workers, isSupported) => {
  if (!isSupported) return;
  let addresses: Addresses = { outside: '192.0.2.1', inside: '10.96.0.1', alias: '10.96.1.1' };
  const cluster = declaredCluster(clusterWith(addresses), systemClock);
  const filled = { registry: cluster.registry, start: async () => {} };
  const own = definePlugin<GatewayOptions>({
    ...{ name: 'k8s_gateway', dependsOn: 'marked', parse: parseGateway },
    create: (options, env) => createGateway(options, env, () => filled),
  });
  const { port, server } = await startServer(corefile(workers), {
    plugins: plugins.map((plugin) => (plugin.name === 'k8s_gateway' ? own : plugin)),
  });
  const clients = [await udpClient(OUTSIDE, port), await udpClient(INSIDE, port)] as const;
  const random = seededRandom(11);
  const names = Object.keys(EXPECTED);
  for (let asked = 0; asked < QUESTIONS; asked += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, async () => {
      const name = names[Math.floor(random() * names.length)]!;
      const isInside = random() < 0.5;
      const edns = random() < 0.5 ? {} : { edns: {} };
      const query = encodeMessage(testMessage(`${name} A`, { id: Math.floor(random() * 65_536), ...edns }));
      const isTcp = random() < 0.01;
      const response = isTcp
        ? await exchangeTcp('127.0.0.1', port, query, isInside ? INSIDE : OUTSIDE)
        : await clients[isInside ? 1 : 0](query);
      return [name, isInside, told(response), EXPECTED[name]!(addresses, isInside)] as const;
    });
    for (const [name, isInside, got, expected] of await Promise.all(batch)) {
      if (got !== expected) expect({ name, isInside, got }).toEqual({ name, isInside, got: expected });
    }
    if (random() < 0.3) {
      const next = () => 1 + Math.floor(random() * 250);
      addresses = { outside: `192.0.2.${next()}`, inside: `10.96.0.${next()}`, alias: `10.96.1.${next()}` };
      cluster.apply(clusterWith(addresses));
    }
  }
  const hits = (await server.metrics.expose()).split('\n').find((line) => line.startsWith('cairn_memo_hits_total'));
  expect(Number(hits?.split(' ').at(-1))).toBeGreaterThan(0);
});

/** The addresses and names of the answer, or the rcode. */
function told(response: Buffer): string {
  const { rcode, answer } = decodeMessage(response);
  const name = printRcode(rcode);
  return name === 'NOERROR' ? answer.map(printRdata).join(' ') : name;
}

/** Asks over UDP from one address, several questions at once; ids that are in use are chosen anew. */
async function udpClient(address: string, port: number): Promise<(query: Buffer) => Promise<Buffer>> {
  const socket = createSocket('udp4').bind(0, address);
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  const waiting = new Map<number, (response: Buffer) => void>();
  socket.on('message', (response) => {
    const id = response.readUInt16BE(0);
    waiting.get(id)?.(response);
    waiting.delete(id);
  });
  return (query) => {
    while (waiting.has(query.readUInt16BE(0))) query.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    waiting.set(query.readUInt16BE(0), resolve);
    socket.send(query, port, '127.0.0.1');
    AbortSignal.timeout(PATIENT.timeout).addEventListener('abort', () => reject(new Error('no response')));
    return promise;
  };
}
