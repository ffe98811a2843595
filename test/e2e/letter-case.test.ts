import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseRecord } from '../../src/dns/presentation.ts';
import { A } from '../../src/dns/rr.ts';
import { ask } from '../support/ask.ts';
import { fakeClock } from '../support/clock.ts';
import { folderWith } from '../support/folder.ts';
import { startServer } from '../support/server.ts';
import { answerTo, startUpstream } from '../support/upstream.ts';

const ZONE = `@ 60 IN SOA ns h 1 60 60 60 60
@ 60 IN NS ns
ns 60 IN A 192.0.2.2
*.wild 60 IN A 192.0.2.3
away 60 IN CNAME Target.Other.TEST.
`;

const MANIFESTS = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {rules: [{host: "*.wild.gate.test"}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.3}]}}
`;

/** An upstream that has every name ending in `other.test.` in lower case, whatever the case of the question, and no other. */
async function lowerCaseUpstream() {
  return startUpstream(({ message, reply }) => {
    const { name, type } = message.questions[0]!;
    const owner = name.toLowerCase();
    const isThere = owner.endsWith('other.test.') && !owner.includes('search');
    const soa = parseRecord('other.test. 60 SOA a. b. 1 2 3 4 60');
    if (isThere && type === A.code) reply(answerTo(message, [`${owner} 60 A 192.0.2.1`]));
    else reply(answerTo(message, [], { rcode: isThere ? 0 : 3, authority: [soa] }));
  });
}

test.each([
  ['forward', 'forward . UPSTREAM', 'LoWeR.Other.TEST', 'A'],
  ['a denial at the apex', 'forward . UPSTREAM', 'Other.TEST', 'TXT'],
  ['forward and cache', 'forward . UPSTREAM\ncache', 'LoWeR.Other.TEST', 'A'],
  ['cache with prefetch', 'forward . UPSTREAM\ncache {\nprefetch 1 1m 90%\n}', 'LoWeR.Other.TEST', 'A'],
  ['cache with stale answers', 'forward . UPSTREAM\ncache {\nserve_stale\n}', 'LoWeR.Other.TEST', 'A'],
  ['rewrite, exact', 'rewrite name Old.test x.other.test\nforward . UPSTREAM', 'oLd.TEST', 'A'],
  [
    'rewrite, suffix',
    'rewrite name suffix .new.test .other.test answer auto\nforward . UPSTREAM\ncache',
    'X.neW.TEST',
    'A',
  ],
  [
    'rewrite, regex',
    'rewrite name regex (.*)\\.new\\.test {1}.other.test answer name (.*)\\.other\\.test {1}.new.test\nforward . UPSTREAM',
    'X.neW.TEST',
    'A',
  ],
  ['autopath', 'autopath SEARCH\nforward . UPSTREAM', 'X.Other.TEST.Search.TEST', 'A'],
  ['dns64', 'dns64 {\nallow_ipv4\n}\nforward . UPSTREAM\ncache', 'X.Other.TEST', 'AAAA'],
  ['template', 'template IN A {\nanswer "{{ .Name }} 60 A 192.0.2.9"\n}', 'X.Any.TEST', 'A'],
  [
    'template, absence of a type',
    'template IN A Any.TEST {\nanswer "{{ .Name }} 60 A 192.0.2.9"\n}',
    'Any.TEST',
    'AAAA',
  ],
  ['hosts', 'hosts none {\n192.0.2.9 a.test\n}', 'A.Test', 'A'],
  ['file', 'file ZONE zone.test', 'x.WILD.Zone.test', 'A'],
  ['k8s_gateway', 'k8s_gateway gate.test {\nmanifests MANIFESTS\n}', 'x.WILD.Gate.test', 'A'],
  ['k8s_gateway, absence of a type', 'k8s_gateway gate.test {\nmanifests MANIFESTS\n}', 'Gate.TEST', 'TXT'],
  [
    'minimal, loadbalance, header',
    'minimal\nloadbalance\nheader {\nresponse set ra\n}\nforward . UPSTREAM',
    'X.Other.TEST',
    'A',
  ],
])('%s: the name that was asked comes back in the letter case of the client', async (_, body, name, type) => {
  const folder = folderWith({ zone: ZONE, 'search.conf': 'search search.test\n', 'manifests.yaml': MANIFESTS });
  const upstream = await lowerCaseUpstream();
  const places: Readonly<Record<string, string>> = {
    ...{ UPSTREAM: upstream.endpoint, SEARCH: join(folder, 'search.conf'), ZONE: join(folder, 'zone') },
    MANIFESTS: join(folder, 'manifests.yaml'),
  };
  const clock = fakeClock();
  const { port } = await startServer(`. {\n${body.replace(/\b[A-Z]{4,}\b/g, (word) => places[word] ?? word)}\n}`, {
    clock,
  });
  // A miss, hits, another client's case, TCP, and what is near its end and past it.
  for (const spelling of [name, name, name.toLowerCase(), name.toUpperCase(), name]) {
    for (const tcp of [false, true]) {
      const { message } = await ask(port, spelling, type, { tcp });
      const owners = [...message.answer, ...message.authority].map((record) => record.name);
      const [owner] = owners.filter((each) => each.toLowerCase() === `${name.toLowerCase()}.`);
      expect([message.questions[0]?.name, owner]).toEqual([`${spelling}.`, `${spelling}.`]);
    }
    clock.advance(15_000);
  }
});

test('the target of an alias is spelled alike in both records', async () => {
  const folder = folderWith({ zone: ZONE });
  const upstream = await lowerCaseUpstream();
  const { port } = await startServer(
    `. {\nfile ${join(folder, 'zone')} zone.test\nforward . ${upstream.endpoint}\ncache\n}`,
  );
  for (const _ of ['miss', 'hit']) {
    const { message } = await ask(port, 'Away.Zone.TEST', 'A');
    expect(message.answer.map((record) => record.name)).toEqual(['Away.Zone.TEST.', 'Target.Other.TEST.']);
  }
});
