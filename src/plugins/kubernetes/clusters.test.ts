import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { exchangeTcp, exchangeUdp } from '../../../test/support/ask.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { printReply, testMessage } from '../../../test/support/query.ts';
import { startServer } from '../../../test/support/server.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { joinClusters } from './clusters.ts';

const service = (id: string, spec: string) => {
  const [namespace, name] = id.split('/');
  return `{apiVersion: v1, kind: Service, metadata: {name: ${name}, namespace: ${namespace}}, spec: ${spec}}\n---\n`;
};

const FIRST =
  service('shop/web', '{clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}') +
  service('shop/both', '{clusterIP: 10.96.0.2, ports: [{port: 80}]}') +
  service('shop/alias', '{type: ExternalName, externalName: only.shop.svc.cluster.local}') +
  service('shop/dead', '{type: ExternalName, externalName: no.shop.svc.cluster.local}') +
  '{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: shop}, status: {phase: Running, podIP: 127.0.0.7}}';
const SECOND =
  service('shop/both', '{clusterIP: 10.97.0.2, ports: [{port: 80}]}') +
  service('shop/only', '{clusterIP: 10.97.0.3, ports: [{port: 80}]}') +
  service('far/web', '{clusterIP: 10.97.0.4, ports: [{port: 80}]}') +
  '{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: far}, status: {phase: Running, podIP: 127.0.0.8}}';

interface Setup {
  readonly first?: string;
  readonly second?: string;
  readonly zones?: readonly [string, string];
  readonly more?: string;
}

/** Two clusters in one block; names that fall through get an answer of `template`. */
async function clusters({
  first = '',
  second = '',
  zones = ['cluster.local', 'cluster.local'],
  more = '',
}: Setup = {}) {
  const folder = folderWith({ 'first.yaml': FIRST, 'second.yaml': SECOND });
  const { port, server } = await startServer(`. {
    ${more}
    cache
    kubernetes ${zones[0]} in-addr.arpa {
      manifests ${folder}/first.yaml
      ${first}
    }
    kubernetes ${zones[1]} in-addr.arpa {
      manifests ${folder}/second.yaml
      ttl 7
      ${second}
    }
    file ${folderWith({ 'db.next': '@ 60 IN SOA ns.next. h.next. 1 60 60 60 60\n* 60 IN TXT next\n' })}/db.next local arpa
  }`);
  const ask = async (question: string, from = '127.0.0.1', exchange = exchangeUdp) =>
    printReply(decodeMessage(await exchange('127.0.0.1', port, encodeMessage(testMessage(question)), from)));
  const short = async (question: string, from?: string) => {
    const [rcode, ...records] = (await ask(question, from)).split('\n');
    const answer = records.filter((line) => !line.startsWith('-- ')).map((line) => line.split(' ').slice(3).join(' '));
    const soa = records.find((line) => line.startsWith('-- '))?.split(' ')[1];
    return [rcode!.replace(/ aa.*/, ''), ...answer, ...(soa ? [`SOA ${soa}`] : [])].join(' ');
  };
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  return { ask, short, server, write };
}

describe('two clusters with the same zone', () => {
  test.each([
    ['web.shop.svc.cluster.local. A', 'NOERROR A 10.96.0.1'],
    ['both.shop.svc.cluster.local. A', 'NOERROR A 10.96.0.2'],
    ['only.shop.svc.cluster.local. A', 'NOERROR A 10.97.0.3'],
    ['web.far.svc.cluster.local. A', 'NOERROR A 10.97.0.4'],
    ['web.shop.svc.cluster.local. AAAA', 'NOERROR SOA cluster.local.'],
    ['far.svc.cluster.local. A', 'NOERROR SOA cluster.local.'],
    ['no.shop.svc.cluster.local. A', 'NXDOMAIN SOA cluster.local.'],
    ['alias.shop.svc.cluster.local. A', 'NOERROR CNAME only.shop.svc.cluster.local. A 10.97.0.3'],
    ['dead.shop.svc.cluster.local. A', 'NXDOMAIN CNAME no.shop.svc.cluster.local. SOA cluster.local.'],
    ['1.0.96.10.in-addr.arpa. PTR', 'NOERROR PTR web.shop.svc.cluster.local.'],
    ['3.0.97.10.in-addr.arpa. PTR', 'NOERROR PTR only.shop.svc.cluster.local.'],
    ['9.0.97.10.in-addr.arpa. PTR', 'NXDOMAIN SOA in-addr.arpa.'],
  ])('%s: %s', async (question, expected) => {
    const { short } = await clusters();
    for (let again = 0; again < 4; again++) expect(await short(question)).toBe(expected);
  });

  test.each([
    ['', '', 'NXDOMAIN'],
    ['fallthrough', '', 'NXDOMAIN'],
    ['', 'fallthrough', 'NXDOMAIN'],
    ['fallthrough', 'fallthrough', 'NOERROR TXT "next"'],
    ['fallthrough\nguard', 'fallthrough', 'NXDOMAIN'],
    ['fallthrough', 'fallthrough\nguard networks 10.0.0.0/8', 'NXDOMAIN'],
  ])('with %j and %j, a name that no cluster has gets %s', async (first, second, expected) => {
    const { short } = await clusters({ first, second });
    expect(await short('no.shop.svc.cluster.local. TXT')).toMatch(new RegExp(`^${expected}`));
    expect(await short('web.far.svc.cluster.local. A')).toBe('NOERROR A 10.97.0.4');
  });

  test('a denial is that of the first cluster, with its SOA record', async () => {
    const { ask } = await clusters({ first: 'ttl 3' });
    expect(await ask('no.shop.svc.cluster.local. A')).toMatch(/^NXDOMAIN aa\n-- cluster\.local\. 3 IN SOA /);
  });

  test('each cluster isolates its own pods', async () => {
    const { short } = await clusters({ first: 'pods verified\nisolate', second: 'pods verified\nisolate' });
    for (let again = 0; again < 4; again++) {
      expect(await short('both.shop.svc.cluster.local. A', '127.0.0.7')).toBe('NOERROR A 10.96.0.2');
      expect(await short('web.far.svc.cluster.local. A', '127.0.0.7')).toMatch(/^NXDOMAIN/);
      expect(await short('web.far.svc.cluster.local. A', '127.0.0.8')).toBe('NOERROR A 10.97.0.4');
      expect(await short('both.shop.svc.cluster.local. A', '127.0.0.8')).toMatch(/^NXDOMAIN/);
    }
  });

  test.each([
    ['', '10.96.0.1'],
    ['pods verified\nisolate', undefined],
  ])('with %j, a zone that both have is not transferred, and one that a single cluster has is', async (first, own) => {
    const { ask } = await clusters({
      first,
      zones: ['a.local b.local', 'a.local'],
      more: 'transfer a.local b.local {\n to *\n }',
    });
    expect(await ask('a.local. AXFR', '127.0.0.1', exchangeTcp)).toBe('REFUSED');
    const copy = await ask('b.local. AXFR', '127.0.0.1', exchangeTcp);
    expect(/^web\.shop\.svc\.b\.local\. 5 IN A (.*)$/m.exec(copy)?.[1]).toBe(own);
  });

  test('autopath knows the pods of both', async () => {
    const { short } = await clusters({
      first: 'pods verified',
      second: 'pods verified',
      more: 'autopath cluster.local @kubernetes',
    });
    expect(await short('only.shop.far.svc.cluster.local. A', '127.0.0.8')).toContain('A 10.97.0.3');
    expect(await short('web.far.shop.svc.cluster.local. A', '127.0.0.7')).toContain('A 10.97.0.4');
  });

  test('metrics show one serial for each zone', async () => {
    const { server } = await clusters();
    const serials = (await server.metrics.expose()).match(/^cairn_kubernetes_serial\{.*$/gm);
    expect(serials!.map((line) => /zone="(.*?)"/.exec(line)![1])).toEqual(['cluster.local.', 'in-addr.arpa.']);
  });
});

test('kept replies are made again when either cluster changes', async () => {
  const { short, write } = await clusters();
  const until = (question: string, expected: string) =>
    vi.waitFor(async () => expect(await short(question)).toBe(expected), PATIENT);
  for (let again = 0; again < 4; again++) {
    expect(await short('only.shop.svc.cluster.local. A')).toBe('NOERROR A 10.97.0.3');
    expect(await short('new.shop.svc.cluster.local. A')).toMatch(/^NXDOMAIN/);
  }
  write('second.yaml', `${SECOND}\n---\n${service('shop/new', '{clusterIP: 10.97.0.9, ports: [{port: 80}]}')}`);
  await until('new.shop.svc.cluster.local. A', 'NOERROR A 10.97.0.9');
  write('first.yaml', `${FIRST}\n---\n${service('shop/only', '{clusterIP: 10.96.0.9, ports: [{port: 80}]}')}`);
  await until('only.shop.svc.cluster.local. A', 'NOERROR A 10.96.0.9');
});

test.each([
  ['first', 'web.far.svc.cluster.local. A', 'SERVFAIL'],
  ['second', 'web.shop.svc.cluster.local. A', 'NOERROR A 10.96.0.1'],
])('while the %s cluster is not known, what it might have fails', async (which, question, expected) => {
  const { short } = await clusters({ [which]: 'manifests nowhere/at-all\nstartup_timeout 1ms' });
  expect(await short(question)).toBe(expected);
  expect(await short('no.shop.svc.cluster.local. A')).toBe('SERVFAIL');
});

test('the status says of each cluster how it does, the worst first', () => {
  const cluster = (name: string, state: 'ok' | 'failing') => ({
    zones: [],
    plugin: {
      status: () => ({ state, summary: `${name} is ${state}.`, watches: [{ what: name, state, objects: 1 }] }),
    },
  });
  expect(joinClusters([cluster('east', 'ok'), cluster('west', 'failing')]).status!()).toEqual({
    state: 'failing',
    summary: 'west is failing. east is ok.',
    watches: [
      { what: 'east', state: 'ok', objects: 1 },
      { what: 'west', state: 'failing', objects: 1 },
    ],
  });
});

test('clusters with different zones answer for their own', async () => {
  const { short } = await clusters({ zones: ['east.local', 'west.local'] });
  expect(await short('web.shop.svc.east.local. A')).toBe('NOERROR A 10.96.0.1');
  expect(await short('web.far.svc.west.local. A')).toBe('NOERROR A 10.97.0.4');
  expect(await short('web.far.svc.east.local. A')).toBe('NXDOMAIN SOA east.local.');
  expect(await short('3.0.97.10.in-addr.arpa. PTR')).toBe('NOERROR PTR only.shop.svc.west.local.');
  expect(await short('x.local. TXT')).toBe('NOERROR TXT "next"');
});
