import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ask } from '../support/ask.ts';
import { certificate } from '../support/certificate.ts';
import { folderWith } from '../support/folder.ts';
import { type CollectedSpan, startCollector, treeOf } from '../support/otlp-collector.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { answering, answerTo, type Received, refusedPort, type Script, startUpstream } from '../support/upstream.ts';

const SRC = resolve(import.meta.dirname, '../../src');

/** A collector, and a server that sends it the spans of its queries at once. */
async function startTraced(body: string, { options = '', interval = '1ms' } = {}) {
  const collector = await startCollector();
  const trace = `trace otlp ${collector.endpoint} {\nmax_batch_interval ${interval}\n${options}\n}`;
  const server = await startServer(`. {\nbind 127.0.0.1\n${trace}\n${body}\n}`);
  return { collector, ...server, port: server.port };
}

async function upstream(script: Script = answering(['www.example.org. 300 IN A 192.0.2.1'])) {
  const server = await startUpstream(script);
  onTestFinished(() => server.close());
  return server;
}

const lossesOf = async ({ server }: Pick<TestServer, 'server'>, result: string) =>
  Number(
    new RegExp(`^cairn_trace_spans_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(
      await server.metrics.expose(),
    )?.[1],
  );

const isQuery = ({ parentId }: CollectedSpan) => parentId === '';
const namesOf = (spans: readonly CollectedSpan[]) => spans.map(({ attributes }) => attributes['coredns.io/name']);

test('a forwarded query has a span for itself, for each plugin that waits, and for the exchange with the upstream', async () => {
  const { endpoint } = await upstream();
  const before = BigInt(Date.now() - 1) * 1_000_000n;
  const { collector, port } = await startTraced(`errors\nloadbalance\ncache\nforward . ${endpoint}`);
  await ask(port, 'WWW.example.org', 'A');
  await expect.poll(() => collector.spans.length).toBe(5);
  const { spans } = collector;
  expect(treeOf(spans)).toBe('servedns\n  loadbalance\n    cache\n      forward\n        connect\n');
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(spans.find(isQuery)).toMatchObject({
    kind: 'SERVER',
    error: undefined,
    attributes: {
      'coredns.io/name': 'www.example.org.',
      'coredns.io/type': 'A',
      'coredns.io/rcode': 'NOERROR',
      'coredns.io/proto': 'udp',
      'coredns.io/remote': '127.0.0.1',
      'cairn.plugin': 'forward',
    },
    resource: { 'service.name': 'coredns', 'host.name': hostname() },
  });
  expect(spans.find(({ name }) => name === 'cache')).toMatchObject({ kind: 'INTERNAL', attributes: {} });
  expect(spans.find(({ name }) => name === 'connect')).toMatchObject({
    kind: 'CLIENT',
    attributes: { 'peer.address': endpoint, 'coredns.io/proto': 'udp', 'coredns.io/rcode': 'NOERROR' },
  });
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  const [query, ...others] = [...spans].sort((a, b) => (isQuery(a) ? -1 : isQuery(b) ? 1 : 0));
  expect(query!.startNs >= before && query!.endNs <= after).toBe(true);
  for (const { startNs, endNs } of others) {
    expect(query!.startNs <= startNs && startNs <= endNs && endNs <= query!.endNs).toBe(true);
  }
  expect(collector.requests[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf' },
  });
});

test('queries that wait for nothing, and those that are answered again, have one span each, and the log its trace', async () => {
  const { collector, port, lines, server } = await startTraced(
    'metadata\nlog . "{name} {/trace/traceid}"\nhosts /dev/null {\n192.0.2.1 www.example.org\n}',
  );
  for (let i = 0; i < 4; i++) await ask(port, 'www.example.org', 'A');
  await expect.poll(() => collector.spans.length).toBe(4);
  expect(await server.metrics.expose()).toMatch(/cairn_memo_hits_total\{.*\} 2/);
  const { spans } = collector;
  expect(spans.every(({ name, attributes }) => name === 'servedns' && attributes['cairn.plugin'] === 'hosts')).toBe(
    true,
  );
  const logged = lines.flatMap((line) => /example\.org\. (.*)/.exec(line)?.[1] ?? []);
  expect(logged).toEqual(spans.map(({ traceId }) => traceId));
  expect(new Set(logged).size).toBe(4);
});

test('with `every`, one query in every N is traced, whichever part of the server answers it', async () => {
  const body = 'metadata\nlog . "{name} {/trace/traceid}"\nhosts /dev/null {\n192.0.2.1 www.example.org\n}';
  const { collector, port, lines } = await startTraced(body, { options: 'every 3\nservice dns' });
  for (let i = 0; i < 9; i++) await ask(port, 'www.example.org', 'A');
  await expect.poll(() => collector.spans.length).toBe(3);
  const traces = lines.flatMap((line) => /example\.org\. (.*)/.exec(line)?.[1] ?? []);
  const [first, second, third] = collector.spans.map(({ traceId }) => traceId);
  expect(traces).toEqual(['-', '-', first, '-', '-', second, '-', '-', third]);
  expect(collector.spans[0]!.resource['service.name']).toBe('dns');
});

test('spans belong to their own query, however many are under way', async () => {
  const waiting: (() => void)[] = [];
  const { endpoint } = await upstream(({ message, reply }) => {
    waiting.push(() => reply(answerTo(message, [`${message.questions[0]!.name} 300 IN A 192.0.2.1`])));
    if (waiting.length === 20) for (const answer of waiting.reverse()) answer();
  });
  const { collector, port } = await startTraced(`cache\nforward . ${endpoint}`);
  const names = Array.from({ length: 20 }, (_, i) => `n${i}.example.org.`);
  await Promise.all(names.map((name) => ask(port, name, 'A')));
  await expect.poll(() => collector.spans.length).toBe(80);
  const traces = [...Map.groupBy(collector.spans, ({ traceId }) => traceId).values()];
  expect(new Set(traces.map((spans) => treeOf(spans)))).toEqual(
    new Set(['servedns\n  cache\n    forward\n      connect\n']),
  );
  expect(namesOf(collector.spans.filter(isQuery)).sort()).toEqual([...names].sort());
});

test('an upstream that fails has a span with the error, and the next one has its own', async () => {
  const good = await upstream();
  const dead = `127.0.0.1:${await refusedPort()}`;
  const { collector, port } = await startTraced(`forward . ${dead} ${good.endpoint} {\npolicy sequential\n}`);
  await ask(port, 'www.example.org', 'A', { tcp: true });
  await expect.poll(() => collector.spans.length).toBe(4);
  const { spans } = collector;
  expect(treeOf(spans)).toBe('servedns\n  forward\n    connect\n    connect\n');
  const exchanges = spans.filter(({ name }) => name === 'connect');
  expect(
    exchanges.map(({ attributes, error }) => [attributes['peer.address'], attributes['coredns.io/proto'], error]),
  ).toEqual([
    [dead, 'tcp', expect.stringContaining('connection refused')],
    [good.endpoint, 'tcp', undefined],
  ]);
  expect(spans.find(isQuery)!.error).toBe(undefined);
});

test('with hedge, both exchanges have a span, also the one that ends after the query', async () => {
  const late = Promise.withResolvers<Received>();
  const slow = await upstream((query) => late.resolve(query));
  const quick = await upstream();
  const to = `${slow.endpoint} ${quick.endpoint}`;
  const { collector, port } = await startTraced(`forward . ${to} {\npolicy sequential\nrace 2\n}`);
  await ask(port, 'www.example.org', 'A');
  await expect.poll(() => collector.spans.length).toBe(3);
  const { message, reply } = await late.promise;
  reply(answerTo(message));
  await expect.poll(() => collector.spans.length).toBe(4);
  expect(treeOf(collector.spans)).toBe('servedns\n  forward\n    connect\n    connect\n');
});

test('a query that fails has the error', async () => {
  const dead = `127.0.0.1:${await refusedPort()}`;
  const { collector, port } = await startTraced(`forward . ${dead}`);
  await ask(port, 'www.example.org', 'A', { tcp: true });
  await expect.poll(() => collector.spans.filter(isQuery).length).toBe(1);
  expect(collector.spans.find(isQuery)).toMatchObject({
    error: expect.stringContaining('connection refused'),
    attributes: { 'coredns.io/rcode': 'SERVFAIL' },
  });
});

test('lookups inside the server are in the trace of the query that led to them', async () => {
  const { endpoint } = await upstream(({ message, reply }) => {
    const { name, type } = message.questions[0]!;
    reply(answerTo(message, type === 1 ? [`${name} 300 IN A 192.0.2.1`] : []));
  });
  const { collector, port } = await startTraced(`dns64 {\nallow_ipv4\n}\nforward . ${endpoint}`);
  expect((await ask(port, 'www.example.org', 'AAAA')).answer).toEqual(['64:ff9b::c000:201']);
  await expect.poll(() => collector.spans.filter(isQuery).length).toBe(1);
  const [{ traceId }] = collector.spans as [CollectedSpan];
  expect(collector.spans.every((span) => span.traceId === traceId)).toBe(true);
  expect(collector.spans.filter(({ name }) => name === 'connect').length).toBe(2);
});

test('a plugin that answers at once has a span if a step goes on in the background', async () => {
  const { endpoint } = await upstream(answering(['www.example.org. 1 IN A 192.0.2.1']));
  const { collector, port } = await startTraced(`cache {\nserve_stale 1h\nprefetch 1 1m 90%\n}\nforward . ${endpoint}`);
  await ask(port, 'www.example.org', 'A');
  await expect
    .poll(async () => {
      await ask(port, 'www.example.org', 'A');
      return collector.spans.filter(({ name }) => name === 'connect').length;
    })
    .toBeGreaterThan(1);
  await expect
    .poll(() => {
      const known = new Set(['', ...collector.spans.map(({ id }) => id)]);
      return collector.spans.filter(({ parentId }) => !known.has(parentId));
    })
    .toEqual([]);
});

test('a block without the directive makes no spans, even if another one has it', async () => {
  const other = await upstream();
  const collector = await startCollector();
  const { port } = await startServer(`example.org {
    bind 127.0.0.1
    forward . ${other.endpoint}
  }
  . {
    bind 127.0.0.1
    trace otlp ${collector.endpoint} {
      max_batch_interval 1ms
    }
    whoami
  }`);
  await ask(port, 'www.example.org', 'A');
  await ask(port, 'example.net', 'A');
  await expect.poll(() => collector.spans.length).toBe(1);
  expect(namesOf(collector.spans)).toEqual(['example.net.']);
});

test('what waits is sent when the server ends, and by a reload when the directive is taken away', async () => {
  const { collector, port, server, rewrite } = await startTraced('whoami', { interval: '1h' });
  await ask(port, 'a.example.org', 'A');
  rewrite('. {\nbind 127.0.0.1\nwhoami\n}');
  await server.reload();
  expect(namesOf(collector.spans)).toEqual(['a.example.org.']);
  await ask(port, 'b.example.org', 'A');
  rewrite(`. {\nbind 127.0.0.1\ntrace otlp ${collector.endpoint} {\nmax_batch_interval 1h\n}\nwhoami\n}`);
  await server.reload();
  await ask(port, 'c.example.org', 'A');
  await server.shutdown();
  expect(namesOf(collector.spans)).toEqual(['a.example.org.', 'c.example.org.']);
});

test('a reload that leaves the directive as it is keeps what waits', async () => {
  const { collector, port, server, rewrite } = await startTraced('whoami', { interval: '1h' });
  await ask(port, 'a.example.org', 'A');
  const trace = `trace otlp ${collector.endpoint} {\nmax_batch_interval 1h\n}`;
  rewrite(`. {\nbind 127.0.0.1\n${trace}\nerrors\nwhoami\n}`);
  expect(await server.reload()).toBe('reloaded');
  expect(collector.requests).toEqual([]);
  await ask(port, 'b.example.org', 'A');
  await server.shutdown();
  expect(collector.requests.map(({ spans }) => namesOf(spans))).toEqual([['a.example.org.', 'b.example.org.']]);
});

test('a collector that refuses spans costs the spans, and one line of the log', async () => {
  const traced = await startTraced('whoami');
  const { collector, port, lines } = traced;
  collector.respond = 400;
  for (let i = 0; i < 3; i++) {
    await ask(port, 'www.example.org', 'A');
    await expect.poll(() => lossesOf(traced, 'failed')).toBe(i + 1);
  }
  expect(lines.filter((line) => line.includes('plugin/trace'))).toEqual([
    `[WARNING] plugin/trace: spans are lost: http://${collector.endpoint}/v1/traces does not take them: 400 Bad Request`,
  ]);
  collector.respond = 200;
  await ask(port, 'www.example.org', 'A');
  await expect.poll(() => lossesOf(traced, 'exported')).toBe(1);
});

test('a collector that is silent delays no query, and holds no more spans than allowed', async () => {
  const traced = await startTraced('whoami', { options: 'max_backlog_size 5\nmax_batch_size 2' });
  const { collector, port, lines } = traced;
  collector.respond = 'never';
  for (let i = 0; i < 20; i++) await ask(port, 'www.example.org', 'A');
  await expect.poll(() => collector.requests.length).toBe(1);
  // One request has up to two spans, and five wait.
  const sent = collector.spans.length;
  await expect.poll(() => lossesOf(traced, 'dropped')).toBe(20 - sent - 5);
  expect(lines.filter((line) => line.includes('spans are lost: '))).toEqual([expect.stringContaining('too many wait')]);
});

test('headers and attributes of OpenTelemetry variables are sent, but the Corefile says where', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'authorization=Bearer%20secret');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:9');
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'k8s.pod.name=cairn-0,service.name=other');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { collector, port } = await startTraced('whoami');
  await ask(port, 'www.example.org', 'A');
  await expect.poll(() => collector.requests.length).toBe(1);
  expect(collector.requests[0]!.headers.authorization).toBe('Bearer secret');
  expect(collector.spans[0]!.resource).toMatchObject({ 'k8s.pod.name': 'cairn-0', 'service.name': 'coredns' });
});

test('a collector over HTTPS is verified against the authorities that OpenTelemetry variables name', async () => {
  const collector = await startCollector(certificate);
  const place = folderWith({ 'ca.pem': certificate.cert.toString() });
  vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', join(place, 'ca.pem'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const options = '{\nmax_batch_interval 1ms\n}';
  const { port } = await startServer(
    `. {\nbind 127.0.0.1\ntrace otlp https://${collector.endpoint} ${options}\nwhoami\n}`,
  );
  await ask(port, 'www.example.org', 'A');
  await expect.poll(() => collector.spans.length).toBe(1);
});

test('only one file has the packages of OpenTelemetry, and nothing imports it but at its time', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const importsOf = (file: string) =>
    readFileSync(join(SRC, file), 'utf8').match(/^(?:import|export) (?!type )[^;]*?from '[^']*'|import '[^']*'/gm) ??
    [];
  const matching = (pattern: RegExp) => files.filter((file) => importsOf(file).some((line) => pattern.test(line)));
  expect(matching(/'@opentelemetry\//)).toEqual(['plugins/trace/otlp.ts']);
  expect(matching(/\/otlp\.ts'/)).toEqual([]);
});
