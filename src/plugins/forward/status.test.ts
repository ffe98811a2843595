import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { folderWith } from '../../../test/support/folder.ts';
import { PATIENT } from '../../../test/support/patience.ts';
import { makePlugin, startPlugin } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { answering, refusedPort, type Script, startUpstream } from '../../../test/support/upstream.ts';
import { Rcode } from '../../dns/message.ts';
import { QUIET_MS } from '../../observe/episode.ts';
import { createReply } from '../../plugin/reply.ts';
import { FILE_POLL_MS } from './endpoints.ts';
import forward from './index.ts';
import { LATEST, Tally } from './tally.ts';

async function started(body: string) {
  const { plugin, env } = makePlugin(forward, body);
  const handle = plugin.wrap!(() => createReply('next'));
  onTestFinished(() => plugin.stop!());
  await startPlugin(plugin);
  const ask = async (times = 1, name = 'example.org') => {
    for (let i = 0; i < times; i++) await handle(testQuery(`${name}. A`));
  };
  return { env, ask, handle, status: () => plugin.status!() };
}

async function upstream(script: Script = answering(['example.org. 60 A 192.0.2.1'])) {
  const server = await startUpstream(script);
  onTestFinished(() => server.close());
  return server;
}

const refusing = (rcode: number) => answering([], { rcode });
const dead = async () => `127.0.0.1:${await refusedPort()}`;

test('upstreams that answer are ok, with what they have done', async () => {
  const server = await upstream();
  const { ask, status } = await started(`forward . ${server.endpoint}`);
  expect(status()).toMatchObject({ state: 'ok', summary: 'No query was forwarded yet.' });
  await ask(3);
  expect(status()).toEqual({
    state: 'ok',
    summary: 'The upstream answers.',
    upstreams: [
      {
        ...{ address: server.endpoint, state: 'ok', failedProbes: 0, inFlight: 0, queries: 3, failures: 0 },
        ...{ p50Ms: expect.any(Number), p99Ms: expect.any(Number), rcodes: { NOERROR: 3 } },
      },
    ],
  });
});

test('a query that waits is in flight', async () => {
  const server = await upstream(() => {});
  const { handle, status, env } = await started(`forward . ${server.endpoint}`);
  const reply = Promise.resolve(handle(testQuery('example.org. A')));
  expect(status().upstreams![0]).toMatchObject({ inFlight: 1, queries: 1, failures: 0 });
  await vi.waitFor(() => {
    env.clock.advance(1000);
    expect(status().upstreams![0]!.failures).toBeGreaterThan(0);
  }, PATIENT);
  env.clock.advance(10_000);
  await reply;
  await vi.waitFor(() => expect(status().upstreams![0]!.inFlight).toBe(0), PATIENT);
});

test('if the only upstream is dead, forwarding fails, until a probe is answered', async () => {
  const port = await refusedPort();
  const { ask, status, env } = await started(`forward . 127.0.0.1:${port}`);
  await ask(2);
  const { state, summary, upstreams } = status();
  expect(state).toBe('failing');
  expect(summary).toMatch(
    /^All upstreams of \. fail, and so do the queries for them: 127\.0\.0\.1:\d+ \(.*refused\)\. Check that it runs/,
  );
  expect(upstreams![0]).toMatchObject({ state: 'failing', failures: 4, problem: expect.stringMatching(/refused/) });
  await vi.waitFor(() => {
    env.clock.advance(500);
    expect(status().upstreams![0]!.failedProbes).toBeGreaterThan(2);
  }, PATIENT);
  const server = await startUpstream(answering(), undefined, { address: '127.0.0.1', port });
  onTestFinished(() => server.close());
  await vi.waitFor(() => {
    env.clock.advance(500);
    expect(status()).toMatchObject({ state: 'ok', upstreams: [{ state: 'ok', failedProbes: 0 }] });
  }, PATIENT);
});

test('if the only upstream fails once, a part does not work', async () => {
  const { ask, status } = await started(`forward . ${await dead()}`);
  await ask(1);
  expect(status()).toMatchObject({
    state: 'degraded',
    summary: expect.stringMatching(/^The upstream of \. has problems: 127/),
  });
});

test('if one of two upstreams is dead, a part does not work', async () => {
  const [good, bad] = [await upstream(), await dead()];
  const { ask, status } = await started(`forward . ${bad} ${good.endpoint} {\n policy sequential\n}`);
  await ask(1);
  const { state, summary, upstreams } = status();
  expect([state, upstreams!.map(({ state }) => state)]).toEqual(['degraded', ['degraded', 'ok']]);
  expect(summary).toMatch(/^1 of 2 upstreams of \. has problems: 127\.0\.0\.1:\d+ \(.*refused\)\. Check/);
});

test('without health checks, failures in a row are told, and a response ends them', async () => {
  const port = await refusedPort();
  const { ask, status } = await started(`forward . 127.0.0.1:${port} {\n max_fails 0\n}`);
  await ask(2);
  expect(status().state).toBe('failing');
  const server = await startUpstream(answering(), undefined, { address: '127.0.0.1', port });
  onTestFinished(() => server.close());
  await ask(1);
  expect(status().state).toBe('ok');
});

test.each([
  [Rcode.REFUSED, 'failing', /nearly all of its responses are REFUSED.*served there to this server's address/],
  [Rcode.SERVFAIL, 'degraded', /nearly all of its responses are SERVFAIL.*Ask there directly/],
  [Rcode.NXDOMAIN, 'ok', /The upstream answers/],
])('an upstream whose responses all have rcode %d is %s', async (rcode, state, summary) => {
  const server = await upstream(refusing(rcode));
  const { ask, status } = await started(`forward . ${server.endpoint}`);
  await ask(19);
  expect(status().state).toBe('ok');
  await ask(1);
  expect(status()).toMatchObject({ state, summary: expect.stringMatching(summary) });
});

test('queries that were refused for a limit are told for a minute', async () => {
  const server = await upstream(() => {});
  const { handle, status, env } = await started(`forward . ${server.endpoint} {\n max_concurrent 1\n}`);
  const all = [1, 2].map(() => handle(testQuery('example.org. A')));
  await all[1];
  expect(status()).toMatchObject({
    state: 'failing',
    summary: expect.stringMatching(/^Queries are refused: concurrent queries exceeded maximum 1\. Look for/),
  });
  await vi.waitFor(() => {
    env.clock.advance(QUIET_MS / 20);
    expect(status().upstreams![0]!.inFlight).toBe(0);
  }, PATIENT);
  env.clock.advance(QUIET_MS);
  expect(status().summary).not.toMatch(/refused:/);
  await all[0];
});

test('a file of upstreams that is broken later is told', async () => {
  const server = await upstream();
  const folder = folderWith({ 'resolv.conf': `nameserver ${server.address}\n` });
  const path = join(folder, 'resolv.conf');
  const { status, env } = await started(`forward . ${path}`);
  expect(status()).toMatchObject({ state: 'ok', upstreams: [{ address: '127.0.0.1' }] });
  writeFileSync(path, '# nothing\n');
  await vi.waitFor(() => {
    env.clock.advance(FILE_POLL_MS);
    expect(status()).toMatchObject({
      state: 'degraded',
      summary: expect.stringMatching(/stay as they were: .*no line "nameserver IP"/),
    });
  }, PATIENT);
});

test('with several stanzas, each upstream has its zones', async () => {
  const server = await upstream();
  const { status } = await started(
    `forward a.example ${server.endpoint}\nforward . tls://192.0.2.1 tls://[2001:db8::1]:8853`,
  );
  expect(status().upstreams!.map(({ address, zones }) => [address, zones])).toEqual([
    [server.endpoint, ['a.example.']],
    ['tls://192.0.2.1', ['.']],
    ['tls://[2001:db8::1]:8853', ['.']],
  ]);
});

test('the latest responses are remembered, and no more', () => {
  const tally = new Tally();
  expect(tally.latest()).toEqual({ p50Ms: undefined, p99Ms: undefined, rcodes: {} });
  const replied = (count: number, rcode: number, ms: (i: number) => number) => {
    for (let i = 0; i < count; i++) {
      tally.sent();
      tally.replied(rcode, ms(i));
    }
  };
  replied(100, Rcode.NOERROR, (i) => i + 1);
  expect(tally.latest()).toEqual({ p50Ms: 50, p99Ms: 99, rcodes: { NOERROR: 100 } });
  replied(LATEST, Rcode.NXDOMAIN, () => 8);
  expect(tally.latest()).toEqual({ p50Ms: 8, p99Ms: 8, rcodes: { NXDOMAIN: LATEST } });
  expect([tally.queries, tally.inFlight]).toEqual([100 + LATEST, 0]);
});
