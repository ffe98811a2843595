import { describe, expect, test } from 'vitest';
import { printRcode } from '../../src/dns/message.ts';
import { printRdata } from '../../src/dns/presentation.ts';
import { decodeMessage } from '../../src/dns/wire/decode.ts';
import { encodeMessage } from '../../src/dns/wire/encode.ts';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { definePlugin } from '../../src/plugin/plugin.ts';
import { UNCHANGING } from '../../src/plugin/repeat.ts';
import { createReply, type Reply } from '../../src/plugin/reply.ts';
import { plugins } from '../../src/plugins.ts';
import { exchangeTcp, exchangeUdp } from '../support/ask.ts';
import { folderWith } from '../support/folder.ts';
import { testMessage } from '../support/query.ts';
import { startServer } from '../support/server.ts';

const OBJECTS = `
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: red}, status: {phase: Running, podIP: 127.0.0.7}}
---
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: blue}, status: {phase: Running, podIP: 127.0.0.8}}
---
{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: red}, spec: {hostNetwork: true}, status: {phase: Running, podIP: 127.0.0.9}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: red}, spec: {clusterIP: 10.96.0.7, ports: [{name: http, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: blue}, spec: {clusterIP: 10.96.0.8, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: alias, namespace: blue}, spec: {type: ExternalName, externalName: www.inside.test}}
---
{apiVersion: v1, kind: Service, metadata: {name: log, namespace: shared}, spec: {clusterIP: 10.96.0.9, ports: [{port: 80}]}}
`;

const isBatched = await loadMachinery();
const RED = '127.0.0.7';
const BLUE = '127.0.0.8';
const NODE = '127.0.0.9';

/** What stands above `kubernetes` in the chain, or asks it in a lookup inside the server. */
function corefile({ above = '', lines = 'isolate allow * shared' } = {}): string {
  const folder = folderWith({
    'objects.yaml': OBJECTS,
    'resolv.conf': 'search blue.svc.cluster.local cluster.local\n',
  });
  return `. {
    ${above.replaceAll('FOLDER', folder)}
    cache
    loadbalance
    template ANY ANY inside.test {
      answer "{{ .Name }} 60 IN CNAME web.red.svc.cluster.local."
    }
    template ANY ANY red svc {
      rcode NXDOMAIN
    }
    kubernetes cluster.local in-addr.arpa {
      manifests ${folder}/objects.yaml
      pods verified
      ${lines}
      fallthrough
    }
    forward . 127.0.0.1:9 {
      max_fails 0
    }
  }`;
}

/** A plugin that says that its replies are the same for all, although it looks the name up that `kubernetes` has. */
const alias = definePlugin({
  name: 'alias',
  dependsOn: 'question',
  parse: () => ({}),
  create: (_, { resolve }) => ({
    wrap: (next) => (query) => {
      if (query.name !== 'alias.test.') return next(query);
      const found = resolve(query, { ...query.question, name: 'web.red.svc.cluster.local.' }) as Reply;
      return createReply('alias', { rcode: found.rcode, answer: found.answer, repeat: UNCHANGING });
    },
  }),
});

async function asking(text: string) {
  const { port, server } = await startServer(text, { plugins: [alias, ...plugins] });
  return {
    server,
    async ask(client: string, question: string, exchange = exchangeUdp) {
      const octets = await exchange('127.0.0.1', port, encodeMessage(testMessage(question)), client);
      const { rcode, answer } = decodeMessage(octets);
      return [printRcode(rcode), ...answer.map(printRdata)].join(' ');
    },
  };
}

/** No name that is hidden goes to another server. */
const LOCAL = 'isolate\nguard networks 10.96.0.0/12';
const FOUND = 'NOERROR 10.96.0.7';
const WEB = 'web.red.svc.cluster.local. A';

describe.each([
  ['', ''],
  ['worker threads', 'multisocket 2'],
])('with the memo, the cache and %s', (_, above) => {
  const run = above === '' ? test : test.runIf(isBatched);
  run('each pod gets its own answer, however often and in which order they ask', async () => {
    const { ask } = await asking(corefile({ above, lines: 'isolate allow * shared\nguard networks 10.96.0.0/12' }));
    for (let round = 0; round < 5; round++) {
      for (let again = 0; again < 4; again++) expect(await ask(RED, WEB)).toBe(FOUND);
      for (const client of [BLUE, NODE]) {
        for (let again = 0; again < 4; again++) expect(await ask(client, WEB)).toBe('NXDOMAIN');
        expect(await ask(client, '_http._tcp.web.red.svc.cluster.local. SRV', exchangeTcp)).toBe('NXDOMAIN');
        expect(await ask(client, '7.0.96.10.in-addr.arpa. PTR')).toBe('NXDOMAIN');
        expect(await ask(client, 'red.svc.cluster.local. A')).toBe('NXDOMAIN');
      }
      expect(await ask(RED, '7.0.96.10.in-addr.arpa. PTR')).toBe('NOERROR web.red.svc.cluster.local.');
      expect(await ask(BLUE, 'log.shared.svc.cluster.local. A')).toBe('NOERROR 10.96.0.9');
      expect(await ask(NODE, 'log.shared.svc.cluster.local. A')).toBe('NXDOMAIN');
    }
  });
});

test('names that nobody has are still answered from the memo', async () => {
  const { ask, server } = await asking(corefile({ lines: LOCAL }));
  for (let again = 0; again < 6; again++) expect(await ask(BLUE, 'www.example.com.cluster.local. A')).toBe('NXDOMAIN');
  expect(await server.metrics.expose()).toMatch(/^cairn_memo_hits_total\{.*\} [1-9]/m);
});

describe('a lookup inside the server is one of the same client', () => {
  test.each([
    ['a CNAME record of template', 'www.inside.test. A', '', BLUE, RED],
    ['an ExternalName service', 'alias.blue.svc.cluster.local. A', '', BLUE, ''],
    ['rewrite', 'short.test. A', 'rewrite name short.test web.red.svc.cluster.local', BLUE, RED],
    [
      'rewrite, with the answer',
      'web.other.test. A',
      'rewrite name suffix .other.test .red.svc.cluster.local answer auto',
      BLUE,
      RED,
    ],
  ])('%s', async (_, question, above, without, withIt) => {
    const { ask } = await asking(corefile({ above, lines: LOCAL }));
    for (let round = 0; round < 4; round++) {
      expect(await ask(without, question)).toMatch(/^NXDOMAIN/);
      if (withIt !== '') expect(await ask(withIt, question)).toMatch(/^NOERROR .*10\.96\.0\.7$/);
      expect(await ask(without, question)).toMatch(/^NXDOMAIN/);
    }
  });
});

test('what a plugin makes of such a reply is for its client alone, too, whatever the plugin says', async () => {
  const { ask } = await asking(corefile({ above: 'alias', lines: LOCAL }));
  for (let again = 0; again < 4; again++) expect(await ask(RED, 'alias.test. A')).toBe(FOUND);
  expect(await ask(BLUE, 'alias.test. A')).toBe('NXDOMAIN');
});

test('autopath @kubernetes finds nothing that is hidden', async () => {
  const { ask } = await asking(corefile({ above: 'autopath cluster.local @kubernetes', lines: LOCAL }));
  for (let round = 0; round < 4; round++) {
    expect(await ask(BLUE, 'web.red.blue.svc.cluster.local. A')).toBe('NXDOMAIN');
    expect(await ask(RED, 'web.red.red.svc.cluster.local. A')).toBe('NOERROR web.red.svc.cluster.local. 10.96.0.7');
  }
});

test('autopath with a file: a search that ends at a hidden name is repeated to nobody else', async () => {
  const { ask } = await asking(corefile({ above: 'autopath cluster.local FOLDER/resolv.conf', lines: LOCAL }));
  // Nobody has this name, so that reply is the same for all; the name that is found instead is not.
  const question = 'web.red.svc.blue.svc.cluster.local. A';
  for (let round = 0; round < 4; round++) {
    for (let again = 0; again < 4; again++) expect(await ask(BLUE, question)).toBe('NXDOMAIN');
    expect(await ask(RED, question)).toBe('NOERROR web.red.svc.cluster.local. 10.96.0.7');
  }
});

test.each(['AXFR', 'IXFR'])('%s of the zone is refused to everybody', async (type) => {
  const { ask } = await asking(corefile({ above: 'transfer cluster.local {\n to *\n }' }));
  for (const client of [RED, NODE]) expect(await ask(client, `cluster.local. ${type}`, exchangeTcp)).toBe('REFUSED');
});

test.each(['k8s_external example.org', 'k8s_gateway example.org'])(
  '%s beside isolate keeps the server from starting',
  async (above) => {
    await expect(startServer(corefile({ above }))).rejects.toThrow(
      /'isolate' hides names of other namespaces, and k8s_(external|gateway) would tell them to all clients/,
    );
  },
);
