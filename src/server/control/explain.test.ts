import { expect, onTestFinished, test, vi } from 'vitest';
import { exchangeUdp } from '../../../test/support/ask.ts';
import { fakeClock } from '../../../test/support/clock.ts';
import { startControlled } from '../../../test/support/control.ts';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { testMessage } from '../../../test/support/query.ts';
import { seededRandom } from '../../../test/support/random.ts';
import { answerTo, type ScriptedUpstream, startUpstream } from '../../../test/support/upstream.ts';
import type { Candidate, Explanation, Step } from '../../admin/protocol/index.ts';
import { printRcode } from '../../dns/message.ts';
import { foldName } from '../../dns/name.ts';
import { parseRecord, printRecord } from '../../dns/presentation.ts';
import { parseType } from '../../dns/rr.ts';
import { decodeMessage } from '../../dns/wire/decode.ts';
import { encodeMessage } from '../../dns/wire/encode.ts';
import { definePlugin, type Handler, type PluginDefinition } from '../../plugin/plugin.ts';
import { counted } from '../../plugin/repeat.ts';
import { createReply, mapReply } from '../../plugin/reply.ts';
import type { ServerControl } from '../../plugin/server-control.ts';
import { EXPLANATION_LIMIT_MS, MAX_EXPLANATIONS } from './explain.ts';

/** A pod of the namespace shop, and a client that is not a known pod. */
const POD = '127.0.0.2';
const OTHER = '127.0.0.1';

const MANIFESTS = `
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
status: {phase: Running, podIP: ${POD}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.7, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: other}
spec: {clusterIP: 10.96.0.8, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: out, namespace: shop}
spec: {type: ExternalName, externalName: www.example.org}
---
apiVersion: v1
kind: Service
metadata: {name: chain, namespace: shop}
spec: {type: ExternalName, externalName: out.shop.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: ingress, namespace: infra}
spec: {type: NodePort, clusterIP: 10.96.0.9, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: nginx, rules: [{host: web.apps.test}]}
status: {loadBalancer: {ingress: [{ip: 192.0.2.80}]}}
`;

const corefile = (manifests: string, upstream: string, more = '') => `. {
  bind 127.0.0.1
  prometheus 127.0.0.1:0
  log
  errors
  ${more}
  rewrite name old.example.org www.example.org
  acl example.com {
    block net ${OTHER}
  }
  kubernetes cluster.local 10.in-addr.arpa {
    manifests ${manifests}
    pods verified
  }
  k8s_gateway apps.test {
    manifests ${manifests}
    resources Ingress
    inside ${POD}/32
    entry nginx infra/ingress
  }
  cache
  forward . 127.0.0.1:1 ${upstream} {
    policy sequential
    max_fails 0
  }
}
views.test {
  bind 127.0.0.1
  view pods {
    expr client_ip() == '${POD}'
  }
  hosts /dev/null {
    192.0.2.10 a.views.test
  }
}
views.test {
  bind 127.0.0.1
  hosts /dev/null {
    192.0.2.11 a.views.test
  }
}`;

/** An upstream that knows some names of example.org, example.com, and the zone's SOA record. */
async function startOutside(): Promise<ScriptedUpstream> {
  const upstream = await startUpstream((query) => {
    const { name, type } = query.message.questions[0]!;
    const known = /^(www|cdn)\.example\.(org|com)\.$/.test(foldName(name));
    const records = known && type === 1 ? [`${name} 300 A 192.0.2.53`] : [];
    const authority =
      known && type === 1 ? [] : [parseRecord('example.org. 60 SOA ns.example.org. root.example.org. 1 2 3 4 60')];
    query.reply(answerTo(query.message, records, { rcode: known ? 0 : 3, authority }));
  });
  onTestFinished(() => upstream.close());
  return upstream;
}

async function started(more = '', plugins: readonly PluginDefinition[] = []) {
  const upstream = await startOutside();
  const folder = folderWith({ 'objects.yaml': MANIFESTS });
  const clock = fakeClock();
  const running = await startControlled(corefile(folder, upstream.endpoint, more), { clock, plugins });
  return { ...running, clock, upstream, explain: explainerOf(running.control) };
}

function explainerOf(control: ServerControl) {
  return (name: string, type = 'A', address = OTHER): Promise<Explanation> =>
    control.explain({ name, type: parseType(type)!, client: { address, port: 5000 }, protocol: 'udp' });
}

/** `plugin did`, with the question where it is not that of the step before. */
function wayOf({ steps, name, answer: _ }: Candidate): readonly string[] {
  let before = name;
  return steps.map((step) => {
    const other = step.name === before ? '' : ` ${step.name}`;
    before = step.name;
    return `${'  '.repeat(step.depth)}${step.plugin} ${step.did}${other}`;
  });
}

const noteOf = ({ steps }: Candidate, plugin: string): Step['note'] =>
  steps.find((step) => step.plugin === plugin)?.note;

test('a name of the cluster is explained by its object, and the plugins before it passed the query', async () => {
  const { explain } = await started();
  const explanation = await explain('web.shop.svc.cluster.local.');
  expect(explanation).toEqual({
    ...{ name: 'web.shop.svc.cluster.local.', type: 'A', client: OTHER },
    candidates: [
      {
        ...{ name: 'web.shop.svc.cluster.local.', because: 'as it is: the dot at the end makes it absolute' },
        ...{ rcode: 'NOERROR', answer: ['web.shop.svc.cluster.local.\t5\tIN\tA\t10.96.0.7'], durationMs: 0 },
        ...{ server: 'dns://127.0.0.1:0', zone: '.', plugin: 'kubernetes' },
        reason: 'service shop/web: cluster IP 10.96.0.7',
        steps: expect.anything(),
        ...{ cached: [], wouldAsk: [] },
      },
    ],
  });
  const [candidate] = explanation.candidates;
  expect(wayOf(candidate!)).toEqual([
    'rewrite passed',
    'acl passed',
    'cache passed',
    'k8s_gateway passed',
    'kubernetes answered',
  ]);
  expect(noteOf(candidate!, 'kubernetes')).toBe('service shop/web: cluster IP 10.96.0.7');
});

test.each([
  [
    'a rewritten name, and what was forwarded is in the cache afterwards',
    ['old.example.org.', 'A', OTHER],
    [
      'rewrite changed',
      'acl passed www.example.org.',
      'cache passed',
      'k8s_gateway passed',
      'kubernetes passed',
      'forward answered',
    ],
    /^upstream 127\.0\.0\.1:\d+$/,
  ],
  [
    'a chain of ExternalName services, with the lookup inside the server',
    ['chain.shop.svc.cluster.local.', 'A', OTHER],
    [
      ...['rewrite passed', 'acl passed', 'cache passed', 'k8s_gateway passed', 'kubernetes answered'],
      ...[
        '  rewrite passed www.example.org.',
        '  acl passed',
        '  cache passed',
        '  k8s_gateway passed',
        '  kubernetes passed',
        '  forward answered',
      ],
    ],
    'an ExternalName service: another name for out.shop.svc.cluster.local.',
  ],
  [
    'a client that a rule refuses',
    ['www.example.com.', 'A', OTHER],
    ['rewrite passed', 'acl answered'],
    /^the rule 'block' at Corefile:11:5$/,
  ],
  [
    'another client, whom it lets pass',
    ['www.example.com.', 'A', POD],
    ['rewrite passed', 'acl passed', 'cache passed', 'k8s_gateway passed', 'kubernetes passed', 'forward answered'],
    /^upstream /,
  ],
  [
    'an Ingress, from inside',
    ['web.apps.test.', 'A', POD],
    ['rewrite passed', 'acl passed', 'cache passed', 'k8s_gateway answered'],
    /Ingress shop\/web/,
  ],
  [
    'an Ingress, from outside',
    ['web.apps.test.', 'A', OTHER],
    ['rewrite passed', 'acl passed', 'cache passed', 'k8s_gateway answered'],
    /Ingress shop\/web/,
  ],
])('the way of %s', async (_, [name, type, client], way, reason) => {
  const { explain } = await started();
  const [candidate] = (await explain(name!, type, client)).candidates;
  expect(wayOf(candidate!)).toEqual(way);
  expect(candidate!.reason).toMatch(reason);
});

test('the block of a view is named, and each client gets that of its own', async () => {
  const { explain } = await started();
  const seen = async (client: string) => {
    const [{ zone, view, answer, plugin, reason }] = (await explain('a.views.test.', 'A', client)).candidates as [
      Candidate,
    ];
    return [zone, view, answer[0]?.split('\t').at(-1), plugin, reason];
  };
  const reason = '/dev/null and the hosts of the Corefile';
  expect(await seen(POD)).toEqual(['views.test.', 'pods', '192.0.2.10', 'hosts', reason]);
  expect(await seen(OTHER)).toEqual(['views.test.', undefined, '192.0.2.11', 'hosts', reason]);
});

test.each([
  ['web', ['web.shop.svc.cluster.local. search list: shop.svc.cluster.local']],
  [
    'web.other',
    [
      'web.other.shop.svc.cluster.local. search list: shop.svc.cluster.local',
      'web.other.svc.cluster.local. search list: svc.cluster.local',
    ],
  ],
  [
    'www.example.org',
    [
      'www.example.org.shop.svc.cluster.local. search list: shop.svc.cluster.local',
      'www.example.org.svc.cluster.local. search list: svc.cluster.local',
      'www.example.org.cluster.local. search list: cluster.local',
      'www.example.org. as it is, last: 2 dots < ndots 5',
    ],
  ],
  ['web.', ['web. as it is: the dot at the end makes it absolute']],
])('a pod asks for %s with its search list until it finds one', async (name, expected) => {
  const { explain } = await started();
  const { candidates, namespace } = await explain(name, 'A', POD);
  expect(candidates.map(({ name, because }) => `${name} ${because}`)).toEqual(expected);
  expect(candidates.slice(0, -1).map(({ rcode }) => rcode)).not.toContain('NOERROR');
  expect(namespace).toBe('shop');
});

test('a client that is no known pod asks for the name as it is, and it is said why', async () => {
  const { explain } = await started();
  const { candidates, namespace } = await explain('web');
  expect(candidates.map(({ name, because, rcode }) => [name, because, rcode])).toEqual([
    ['web.', 'as it is: no known pod has the address of the client', 'NXDOMAIN'],
  ]);
  expect(namespace).toBeUndefined();
  const { control } = await startControlled('. {\n whoami\n}');
  const [candidate] = (await explainerOf(control)('web')).candidates;
  expect(candidate!.because).toBe(
    "as it is: no plugin knows pods as clients, as 'kubernetes' does with 'pods verified'",
  );
});

test('autopath asks for the names of the search list itself', async () => {
  const { explain } = await started('autopath @kubernetes');
  const [candidate] = (await explain('www.example.org.shop.svc.cluster.local.', 'A', POD)).candidates;
  expect(candidate!.rcode).toBe('NOERROR');
  expect(noteOf(candidate!, 'autopath')).toMatch(
    /^asks also for www\.example\.org\.svc\.cluster\.local\. A, www\.example\.org\.cluster\.local\. A, www\.example\.org\. A; changes the records$/,
  );
});

test('what the cache held before, and which upstreams would be asked', async () => {
  const { explain, clock, upstream, control } = await started();
  const ask = async () => (await explain('www.example.org.')).candidates[0]!;
  expect(await ask()).toMatchObject({ plugin: 'forward', cached: [], wouldAsk: ['127.0.0.1:1', upstream.endpoint] });
  clock.advance(7000);
  const second = await ask();
  expect(second).toMatchObject({
    plugin: 'cache',
    reason: 'kept 7 s ago, fresh for 293 s',
    wouldAsk: ['127.0.0.1:1', upstream.endpoint],
  });
  expect(second.cached.map(({ name, secondsLeft, hits }) => [name, secondsLeft, hits])).toEqual([
    ['www.example.org.', 293, 0],
  ]);
  expect(control.cached('WWW.example.org')).toEqual(second.cached);
  expect(control.flush({ name: 'example.org' })).toEqual({ flushed: 0 });
  expect(control.flush({ name: 'example.org', subtree: true })).toEqual({ flushed: 1 });
  expect(await ask()).toMatchObject({ plugin: 'forward', cached: [] });
  expect(control.flush({})).toEqual({ flushed: 1 });
});

test('a name of no block, and a server that tells nothing', async () => {
  const { control } = await startControlled('example.org {\n erratic {\n  drop 1\n }\n}');
  const explain = explainerOf(control);
  const [refused] = (await explain('example.com.')).candidates;
  expect(refused).toMatchObject({ rcode: 'REFUSED', plugin: '', reason: 'no server block serves the name', steps: [] });
  expect(refused!.zone).toBeUndefined();
  const [dropped] = (await explain('example.org.')).candidates;
  expect(dropped).toMatchObject({
    rcode: null,
    answer: [],
    steps: [{ did: 'answered', note: 'it sends no response' }],
  });
});

/** A plugin of a package, which says of itself what the test wants. */
const packaged = (
  name: string,
  wrap: (next: Handler) => Handler,
  more: Partial<PluginDefinition> = {},
): PluginDefinition =>
  definePlugin({ name, parse: () => undefined, create: () => ({ wrap, explain: () => `${name} thinks so` }), ...more });

test.each([
  ['answers', packaged('own', () => () => createReply('own', { rcode: 5 })), 'answered', 'own thinks so'],
  ['passes', packaged('own', (next) => (query) => next(query)), 'passed', undefined],
  [
    'throws',
    packaged('own', () => () => {
      throw new Error('no luck');
    }),
    'failed',
    'no luck',
  ],
  ['rejects', packaged('own', () => () => Promise.reject(new Error('no luck'))), 'failed', 'no luck'],
  [
    'throws, and its effect depends on the question',
    packaged(
      'own',
      () => () => {
        throw new Error('no luck');
      },
      { dependsOn: 'question' },
    ),
    'failed',
    'no luck',
  ],
  [
    'changes the rcode',
    packaged('own', (next) => (query) => mapReply(next(query), (reply) => ({ ...reply, rcode: 5 }))),
    'changed',
    'makes NOERROR REFUSED',
  ],
  [
    'changes the query',
    packaged('own', (next) => (query) => next({ ...query, question: { ...query.question, type: 28 }, type: 28 })),
    'changed',
    'asks for a.test. AAAA',
  ],
  [
    'changes the TTLs',
    packaged(
      'own',
      (next) => (query) =>
        mapReply(next(query), (reply) => ({ ...reply, answer: reply.answer.map((record) => ({ ...record, ttl: 1 })) })),
    ),
    'changed',
    'changes the TTLs of the records',
  ],
])('a plugin of a package that %s', async (_, own, did, note) => {
  const below = packaged(
    'below',
    () =>
      ({ question, type }) =>
        createReply('below', {
          answer: [parseRecord(`${question.name} 9 ${type === 28 ? 'AAAA ::1' : 'A 192.0.2.1'}`)],
        }),
  );
  const { control, lines } = await startControlled('. {\n own\n below\n log\n errors\n}', { plugins: [own, below] });
  const before = lines.length;
  const [candidate] = (await explainerOf(control)('a.test.')).candidates;
  expect(candidate!.steps[0]).toMatchObject({ plugin: 'own', did, ...(note !== undefined && { note }) });
  expect(candidate!.steps[0]!.note).toBe(note);
  expect(lines.slice(before)).toEqual([]);
});

test('a plugin that cannot explain its reply does not spoil it', async () => {
  const own = definePlugin({
    name: 'own',
    parse: () => undefined,
    create: () => ({
      wrap: () => () => createReply('own', { rcode: 5 }),
      explain() {
        throw new Error('no idea');
      },
    }),
  });
  const { control } = await startControlled('. {\n own\n}', { plugins: [own] });
  const [candidate] = (await explainerOf(control)('a.test.')).candidates;
  expect(candidate).toMatchObject({ rcode: 'REFUSED', plugin: 'own', reason: 'it cannot say why: no idea' });
});

test('nothing counts, logs or follows a query that is explained', async () => {
  const own: PluginDefinition = packaged('own', () => () => createReply('own'), { dependsOn: 'question' });
  const counting = definePlugin({
    ...own,
    create: (_, { metrics }) => {
      const cell = metrics.counter('own_total', 'Queries.').cell();
      return { wrap: (next) => (query) => mapReply(next(query), (reply) => counted(reply, cell, query)) };
    },
  });
  const { explain, server, lines, control } = await started('own\nautopath @kubernetes\nlocal\ndns64', [counting]);
  const seen: unknown[] = [];
  const end = control.follow({ query: (query) => seen.push(query.name) });
  const questions = [
    ...['web.shop.svc.cluster.local.', 'no.shop.svc.cluster.local.', 'chain.shop.svc.cluster.local.', 'localhost.'],
    ...[
      'www.example.org.',
      'www.example.org.',
      'no.example.org.',
      'www.example.com.',
      'web.apps.test.',
      'no.apps.test.',
    ],
    ...[
      'www.example.org.shop.svc.cluster.local.',
      '7.0.96.10.in-addr.arpa.',
      'localhost.example.org.',
      'a.views.test.',
    ],
  ];
  for (const name of questions) await explain(name, 'A', POD); // the cache and the upstream's series are there now
  const exposed = async () =>
    (await server.metrics.expose())
      .split('\n')
      .filter((line) => !/^#|^process_|^nodejs_|_(proxy|forward)_|cache_(entries|bytes)| 0$/.test(line));
  const [before, linesBefore] = [await exposed(), lines.length];
  for (const name of questions)
    for (const type of ['A', 'AAAA', 'PTR', 'AXFR'])
      for (const client of [POD, OTHER]) await explain(name, type, client);
  expect(await exposed()).toEqual(before);
  expect(lines.slice(linesBefore)).toEqual([]);
  expect(seen).toEqual([]);
  end();
});

test('what is explained is what the same client gets over UDP', async () => {
  const { explain, port, clock, control } = await started('autopath @kubernetes\nloadbalance');
  const random = seededRandom(7);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const names = [
    ...[
      'web.shop.svc.cluster.local.',
      'WEB.other.svc.cluster.local.',
      'chain.shop.svc.cluster.local.',
      'out.shop.svc.cluster.local.',
    ],
    ...[
      'no.shop.svc.cluster.local.',
      '_http._tcp.web.shop.svc.cluster.local.',
      'cluster.local.',
      'shop.svc.cluster.local.',
    ],
    ...[
      '7.0.96.10.in-addr.arpa.',
      'web.apps.test.',
      'apps.test.',
      'a.views.test.',
      'b.views.test.',
      'old.example.org.',
    ],
    ...[
      'www.example.org.',
      'cdn.example.org.',
      'no.example.org.',
      'www.example.com.',
      'www.example.org.shop.svc.cluster.local.',
      '.',
    ],
  ];
  const types = ['A', 'A', 'A', 'AAAA', 'SRV', 'PTR', 'TXT', 'CNAME', 'SOA', 'NS', 'ANY'];
  for (let i = 0; i < 400; i++) {
    const [name, type, client] = [pick(names), pick(types), pick([POD, OTHER])];
    if (random() < 0.1) clock.advance(1000);
    if (random() < 0.05) control.flush({});
    const query = encodeMessage(testMessage(`${name} ${type}`, { id: i, edns: { udpSize: 1232 } }));
    const isAskedFirst = random() < 0.5;
    const asked = isAskedFirst ? await exchangeUdp('127.0.0.1', port, query, client) : undefined;
    const [candidate] = (await explain(name, type, client)).candidates;
    const { rcode, answer } = decodeMessage(asked ?? (await exchangeUdp('127.0.0.1', port, query, client)));
    const got = { name, type, client, rcode: printRcode(rcode), answer: answer.map(printRecord).sort() };
    expect({ name, type, client, rcode: candidate!.rcode, answer: [...candidate!.answer].sort() }).toEqual(got);
  }
});

test('only some names are explained at a time, and none for longer than the limit', async () => {
  const clock = fakeClock();
  const mute = packaged('mute', () => () => new Promise(() => {}));
  const { control } = await startControlled('. {\n mute\n}', { clock, plugins: [mute] });
  const explain = explainerOf(control);
  const waiting = Array.from({ length: MAX_EXPLANATIONS }, () => explain('a.test.').catch((error) => error));
  await expect(explain('b.test.')).rejects.toMatchObject({
    status: 429,
    message: '4 names are being explained already: ask again in a moment',
  });
  await vi.waitFor(() => expect(clock.timers).toBeGreaterThanOrEqual(MAX_EXPLANATIONS), PATIENT);
  clock.advance(EXPLANATION_LIMIT_MS);
  for (const error of await Promise.all(waiting)) {
    expect(error).toMatchObject({ status: 504, message: 'no reply for a.test. within 10 s: mute works on a.test. A' });
  }
  const later = explain('b.test.').catch((error) => error);
  await vi.waitFor(() => expect(clock.timers).toBeGreaterThan(0), PATIENT);
  clock.advance(EXPLANATION_LIMIT_MS);
  expect(await later).toMatchObject({ status: 504 });
});
