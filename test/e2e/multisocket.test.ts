import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadMachinery } from '../../src/net/native/batched-udp.ts';
import { ask } from '../support/ask.ts';
import { PATIENT } from '../support/patience.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { refusedPort } from '../support/upstream.ts';

const WWW = 'www.example.org';

const hosts = (address: string, more = '') => `. {
    ${more}
    errors
    prometheus 127.0.0.1:0
    hosts /dev/null {
      ${address} ${WWW}
    }
  }`;

const metric = async ({ server }: TestServer, name: string) => {
  const lines = (await server.metrics.expose()).split('\n').filter((line) => line.startsWith(name));
  return lines.map((line) => Number(line.split(' ').at(-1))).reduce((sum, value) => sum + value, 0);
};

/** The answers to as many clients as it takes to meet every thread, a few times each. */
async function askAll(port: number, name = WWW): Promise<Set<string>> {
  const answers = new Set<string>();
  for (let round = 0; round < 4; round++) {
    const replies = await Promise.all(Array.from({ length: 16 }, () => ask(port, name, 'A')));
    for (const { answer } of replies) for (const address of answer) answers.add(address);
  }
  return answers;
}

const batched = test.runIf(await loadMachinery());

batched('worker threads serve UDP, and all that they answer is counted', async () => {
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2'));
  expect(await askAll(running.port)).toEqual(new Set(['192.0.2.1']));
  expect((await ask(running.port, WWW, 'A', { tcp: true })).answer).toEqual(['192.0.2.1']);
  await vi.waitFor(async () => expect(await metric(running, 'coredns_dns_requests_total')).toBe(65), PATIENT);
  for (const name of [
    'coredns_dns_responses_total',
    'coredns_dns_request_duration_seconds_count',
    'coredns_dns_request_size_bytes_count',
    'coredns_dns_response_size_bytes_count',
  ]) {
    expect(await metric(running, name)).toBe(65);
  }
  expect(await metric(running, 'cairn_udp_workers')).toBe(2);
  expect(await metric(running, 'cairn_memo_hits_total')).toBe(63);
  expect(await metric(running, 'cairn_memo_entries')).toBeGreaterThan(1);
});

batched("under kubeadm's Corefile the main thread is asked for a name at first only", async () => {
  const folder = resolve(import.meta.dirname, '..');
  const kubeadm = readFileSync(join(folder, 'corefile/distributions/kubeadm.Corefile'), 'utf8');
  const text = kubeadm
    .replace('.:53 {', '. {\nmultisocket 2')
    .replace(/^( +(?:health|ready|prometheus))(?: +\S*:\d+)?(?= *\{?$)/gm, '$1 127.0.0.1:0')
    .replace(/lameduck \S+/, 'lameduck 0s')
    .replace('pods insecure', `manifests ${join(folder, 'acceptance/cluster.yaml')}\npods insecure`)
    .replace('/etc/resolv.conf', '192.0.2.53');
  const running = await startServer(text);
  expect(await askAll(running.port, 'kubernetes.default.svc.cluster.local')).toEqual(new Set(['10.96.0.1']));
  const total = () => metric(running, 'coredns_dns_requests_total');
  await vi.waitFor(async () => expect(await total()).toBeGreaterThanOrEqual(64), PATIENT);
  // All clients of the first round may have come before the first answer was made.
  expect(await metric(running, 'cairn_udp_worker_passed_queries_total')).toBeLessThan(40);
});

batched('what they answered is counted in full at the end, too', async () => {
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2'));
  await askAll(running.port);
  await running.server.shutdown();
  expect(await metric(running, 'coredns_dns_requests_total')).toBe(64);
});

batched('where every query is logged, every query has its line', async () => {
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2\nlog'));
  await askAll(running.port);
  expect(running.lines.filter((line) => line.includes(`A IN ${WWW}`))).toHaveLength(64);
});

batched('after a reload all threads give the new answers, however many they are from then on', async () => {
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2'));
  const { port, server } = running;
  await askAll(port);
  for (const [address, more, workers] of [
    ['192.0.2.2', 'multisocket 2', 2],
    ['192.0.2.3', 'multisocket 3', 3],
    ['192.0.2.4', '', 0],
    ['192.0.2.5', 'multisocket 2', 2],
    ['192.0.2.6', 'multisocket 1', 0],
  ] as const) {
    running.rewrite(hosts(address, more));
    expect(await server.reload()).toBe('reloaded');
    expect(await askAll(port)).toEqual(new Set([address]));
    expect(await metric(running, 'cairn_udp_workers')).toBe(workers);
  }
  expect(running.port).toBe(port);
});

batched('reloads lose no query', async () => {
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2'));
  let isOver = false;
  const load = Array.from({ length: 8 }, async () => {
    // A query that is lost is waited for until it fails the test.
    while (!isOver) expect((await ask(running.port, WWW, 'A')).rcode).toBe('NOERROR');
  });
  for (let round = 0; round < 5; round++) {
    running.rewrite(hosts(`192.0.2.${round}`, `multisocket ${1 + (round % 3)}`));
    expect(await running.server.reload()).toBe('reloaded');
  }
  isOver = true;
  await Promise.all(load);
});

batched('a reload that fails leaves as many threads as there were', async () => {
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2'));
  running.rewrite(`${hosts('192.0.2.2', 'multisocket 3')}\nexample.net {\nbind 192.0.2.77\nwhoami\n}`);
  expect(await running.server.reload()).toBe('failed');
  expect(await askAll(running.port)).toEqual(new Set(['192.0.2.1']));
  expect(await metric(running, 'cairn_udp_workers')).toBe(2);
});

batched('an address with a block of its own is answered by that block', async () => {
  const port = await refusedPort();
  const block = (key: string, address: string, more = '') => hosts(address, more).replace('.', key);
  const { server } = await startServer(
    `${block(`.:${port}`, '192.0.2.1', 'multisocket 2')}\n${block(`example.org:${port}`, '192.0.2.2', 'bind 127.0.0.2')}`,
  );
  expect(await askAll(port)).toEqual(new Set(['192.0.2.1']));
  for (let i = 0; i < 8; i++) {
    expect((await ask(port, WWW, 'A', { address: '127.0.0.2' })).answer).toEqual(['192.0.2.2']);
    expect((await ask(port, WWW, 'A', { address: '127.0.0.3' })).answer).toEqual(['192.0.2.1']);
  }
  expect(server.listening).toHaveLength(2);
});

test('blocks of one listener agree on the number of threads', async () => {
  const block = (zone: string, count: string) => `${zone} {\nmultisocket ${count}\nwhoami\n}\n`;
  await expect(startServer(block('a.org', '2') + block('b.org', '3'))).rejects.toThrow(
    "Corefile:6:1 - Error during parsing: plugin/multisocket: 'multisocket 3', but 'multisocket 2' for the same port at Corefile:2:1",
  );
  const { server } = await startServer(`${block('a.org', '2')}b.org {\nwhoami\n}\n${block('c.org', '2')}`);
  expect(server.listening).toHaveLength(1);
});

test('where UDP cannot be shared, one thread serves, and the log says so once', async () => {
  vi.stubEnv('CAIRN_UDP', 'portable');
  onTestFinished(() => void vi.unstubAllEnvs());
  const running = await startServer(hosts('192.0.2.1', 'multisocket 2'));
  running.rewrite(hosts('192.0.2.2', 'multisocket 2'));
  await running.server.reload();
  expect((await ask(running.port, WWW, 'A')).answer).toEqual(['192.0.2.2']);
  expect(running.lines.filter((line) => line.includes('one thread'))).toEqual([
    `[WARNING] UDP on port ${running.port} is served by one thread, not 2: only batched UDP can share a port`,
  ]);
});
