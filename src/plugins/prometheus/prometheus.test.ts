import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import perfHooks from 'node:perf_hooks';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makePlugin, parsePlugin, sentReply } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { createReply } from '../../plugin/reply.ts';
import prometheus from './index.ts';
import { loadWebConfig } from './web-config.ts';

const DEFAULTS = { address: 'localhost:9153', withRuntime: false, webConfig: undefined, namespaces: undefined };

test.each([
  ['prometheus', DEFAULTS],
  ['prometheus :9253', { ...DEFAULTS, address: ':9253' }],
  ['prometheus {\nruntime_metrics\ntls web.yaml\n}', { ...DEFAULTS, withRuntime: true, webConfig: 'web.yaml' }],
  ['prometheus {\nnamespaces\n}', { ...DEFAULTS, namespaces: 100 }],
  ['prometheus {\nnamespaces 7\n}', { ...DEFAULTS, namespaces: 7 }],
])('%j means %j', (body, options) => {
  expect(parsePlugin(prometheus, body)).toEqual(options);
});

test.each([
  ['prometheus a b', /Wrong argument count/],
  ['prometheus localhost', /1:12 .*"localhost" is not an address to listen on: write HOST:PORT/],
  ['prometheus {\nruntime_metrics yes\n}', /Wrong argument count/],
  ['prometheus {\ntls\n}', /Wrong argument count/],
  ['prometheus {\nnamespaces 0\n}', /2:12 .*number of namespaces '0', expecting a whole number from 1 to 1000/],
  ['prometheus {\nnamespaces 1001\n}', /from 1 to 1000/],
  ['prometheus {\nnamespaces shop\n}', /number of namespaces 'shop'/],
  ['prometheus {\nnamespaces 1 2\n}', /Wrong argument count/],
  ['prometheus\nprometheus', /only be used once/],
])('%j is refused', (body, message) => {
  expect(() => parsePlugin(prometheus, body)).toThrow(message);
});

test('a query is counted with its zone, protocol, family, type, rcode and the plugin that answered', async () => {
  const { plugin, env } = makePlugin(prometheus, 'prometheus');
  const query = { ...testQuery('a.example.org. AAAA', { edns: { do: true } }), zone: 'example.org.', octets: 45 };
  plugin.observe?.(query, sentReply(query, createReply('hosts', { rcode: 3 }), { octets: 120, durationMs: 0.4 }));
  const labels = 'server="dns://:53",zone="example.org.",view=""';
  expect(await env.exposed('coredns_dns_requests_total')).toEqual([
    `coredns_dns_requests_total{${labels},proto="udp",family="1",type="AAAA"} 1`,
  ]);
  expect(await env.exposed('coredns_dns_responses_total')).toEqual([
    `coredns_dns_responses_total{${labels},rcode="NXDOMAIN",plugin="hosts"} 1`,
  ]);
  expect(await env.exposed('coredns_dns_do_requests_total')).toEqual([`coredns_dns_do_requests_total{${labels}} 1`]);
  const exposed = await env.exposed('coredns_dns');
  for (const line of [
    `coredns_dns_request_duration_seconds_bucket{${labels},le="0.00025"} 0`,
    `coredns_dns_request_duration_seconds_bucket{${labels},le="0.0005"} 1`,
    `coredns_dns_request_duration_seconds_bucket{${labels},le="8.192"} 1`,
    `coredns_dns_request_duration_seconds_bucket{${labels},le="+Inf"} 1`,
    `coredns_dns_request_duration_seconds_count{${labels}} 1`,
    `coredns_dns_request_size_bytes_sum{${labels},proto="udp"} 45`,
    `coredns_dns_response_size_bytes_sum{${labels},proto="udp"} 120`,
  ]) {
    expect(exposed).toContain(line);
  }
});

test('repetitions that are told of together count as they would one by one, but for their common mean duration', async () => {
  const one = makePlugin(prometheus, 'prometheus');
  const all = makePlugin(prometheus, 'prometheus');
  const query = { ...testQuery('a.example.org. A', { edns: { do: true } }), zone: 'example.org.', octets: 145 };
  const reply = createReply('hosts');
  for (let i = 0; i < 3; i++) one.plugin.observe?.(query, sentReply(query, reply, { octets: 120, durationMs: 0.5 }));
  const { protocol, type, zone, server } = query;
  const repeated = { protocol, type, zone, server, queryOctets: 145, isIPv6: false, do: true, reply, octets: 120 };
  all.plugin.observeRepetitions?.({ ...repeated, count: 3, durationMs: 1.5 });
  const exposed = await all.env.exposed('coredns_dns');
  expect(exposed).toEqual(await one.env.exposed('coredns_dns'));
  expect(exposed.length).toBeGreaterThan(30);
  all.plugin.observeRepetitions?.({ ...repeated, do: false, isIPv6: true, count: 2, durationMs: 1 });
  expect(
    (await all.env.exposed('coredns_dns_requests_total')).map((line) => line.replace(/.*,proto/, 'proto')),
  ).toEqual(['proto="udp",family="1",type="A"} 3', 'proto="udp",family="2",type="A"} 2']);
  expect((await all.env.exposed('coredns_dns_do_requests_total'))[0]).toMatch(/ 3$/);
});

test('types that are not asked every day share one label value', async () => {
  const { plugin, env } = makePlugin(prometheus, 'prometheus');
  for (const type of ['TYPE65400', 'HINFO', 'TYPE65401']) {
    const query = testQuery(`a. ${type}`);
    plugin.observe?.(query, sentReply(query, createReply('x')));
  }
  const lines = await env.exposed('coredns_dns_requests_total');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/type="other"\} 3$/);
});

test('the page has process metrics, and those of the runtime only where they are asked for', async () => {
  const plain = makePlugin(prometheus, 'prometheus');
  await plain.plugin.start?.(new AbortController().signal);
  const body = async ({ env }: typeof plain) => `${(await env.pages.get('localhost:9153 /metrics')!()).body}`;
  expect(await body(plain)).toMatch(/^process_cpu_seconds_total 0\.\d+$/m);
  expect(await body(plain)).toMatch(/^process_resident_memory_bytes \d{7,}$/m);
  expect(await body(plain)).toMatch(/^process_start_time_seconds 1\d{9}/m);
  expect(await body(plain)).not.toMatch(/nodejs_/);
  const full = makePlugin(prometheus, 'prometheus {\nruntime_metrics\n}');
  await full.plugin.start?.(new AbortController().signal);
  expect(await body(full)).toMatch(/nodejs_heap_size_total_bytes/);
});

test.runIf(process.platform === 'linux')('on Linux the page tells of memory and files', async () => {
  const { plugin, env } = makePlugin(prometheus, 'prometheus');
  await plugin.start?.(new AbortController().signal);
  for (const name of ['virtual_memory_bytes', 'open_fds', 'max_fds']) {
    expect((await env.exposed(`process_${name}`))[0]).toMatch(/ [1-9]\d*$/);
  }
});

test.each([
  ['prometheus', 0],
  ['prometheus {\nruntime_metrics\n}', 1],
])('%j starts %i monitors of the event loop, which wake the process up', async (body, monitors) => {
  const monitor = vi.spyOn(perfHooks, 'monitorEventLoopDelay');
  onTestFinished(() => monitor.mockRestore());
  await makePlugin(prometheus, body).plugin.start?.(new AbortController().signal);
  expect(monitor).toHaveBeenCalledTimes(monitors);
});

test('the plugins of the block are listed by zone', async () => {
  const plugins = [
    { name: 'prometheus', plugin: {} },
    { name: 'whoami', plugin: {} },
  ];
  const { plugin, env } = makePlugin(prometheus, 'prometheus', { zones: ['a.', 'b.'], plugins });
  plugin.serving?.([]);
  expect(await env.exposed('coredns_plugin_enabled')).toHaveLength(4);
});

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-web-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test('a web configuration names certificate and key, relative to itself', async () => {
  const folder = folderWith({
    'web.yaml': 'tls_server_config: { cert_file: c.pem, key_file: k.pem, client_auth_type: RequestClientCert }',
    'c.pem': 'cert',
    'k.pem': 'key',
  });
  expect(await loadWebConfig(join(folder, 'web.yaml'))).toEqual({
    cert: Buffer.from('cert'),
    key: Buffer.from('key'),
    requestCert: true,
    rejectUnauthorized: false,
  });
});

test.each([
  ['basic_auth_users: {}', /'basic_auth_users' is not supported in the file, only tls_server_config/],
  ['', /the file must hold tls_server_config/],
  ['tls_server_config: { cert_file: c.pem }', /needs cert_file and key_file/],
  ['tls_server_config: { cert_file: c, key_file: k, min_version: TLS13 }', /'min_version' is not supported/],
  ['tls_server_config: { cert_file: c, key_file: k, client_auth_type: Maybe }', /client_auth_type must be one of/],
  ['tls_server_config: { cert_file: [c], key_file: k }', /cert_file must be a string/],
  ['tls_server_config: { cert_file: none.pem, key_file: k }', /none\.pem/],
  ['a: [', /flow/i],
])('the web configuration %j is refused with its path', async (text, message) => {
  const path = join(folderWith({ 'web.yaml': text }), 'web.yaml');
  await expect(loadWebConfig(path)).rejects.toThrow(message);
  await expect(loadWebConfig(path)).rejects.toThrow(path);
});
