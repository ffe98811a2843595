import { expect, test } from 'vitest';
import { startCollector } from '../../../test/support/otlp-collector.ts';
import { createReply } from '../../plugin/reply.ts';
import { makePlugin, nextHandler, sentReply, startPlugin, testQuery } from '../../plugin/testing/index.ts';
import trace from './index.ts';

/** A plugin at work that has answered one query; its spans wait. */
async function withSpan(endpoint: string) {
  const { plugin, env } = makePlugin(trace, `trace otlp ${endpoint} {\nmax_batch_interval 1h\n}`);
  await startPlugin(plugin);
  plugin.serving!([]);
  const query = testQuery('www.example.org');
  await plugin.wrap!(nextHandler)(query);
  plugin.observe!(query, sentReply(query, createReply('next')));
  const [exporter] = env.kept.values();
  return { env, status: () => plugin.status!(), stop: async () => exporter!.stop!() };
}

test('the end of the server does not wait for a silent collector for long', async () => {
  const collector = await startCollector();
  collector.respond = 'never';
  const { env, stop } = await withSpan(collector.endpoint);
  let isStopped = false;
  const stopped = stop().then(() => {
    isStopped = true;
  });
  await expect.poll(() => collector.spans.length).toBe(1);
  env.clock.advance(1999);
  await Promise.resolve();
  expect(isStopped).toBe(false);
  env.clock.advance(1);
  await stopped;
  expect(env.lines).toEqual([
    `[WARNING] plugin/trace: spans are lost: http://${collector.endpoint}/v1/traces has not taken the last ones within 2s`,
  ]);
});

test('the end of the server waits until the last spans are sent', async () => {
  const collector = await startCollector();
  const { env, stop } = await withSpan(collector.endpoint);
  await stop();
  expect(collector.spans.length).toBe(1);
  expect(env.clock.timers).toBe(0);
  expect(await env.exposed('cairn_trace')).toContain('cairn_trace_spans_total{result="exported"} 1');
});

test('what is not served, such as by `cairn lookup`, is not traced', async () => {
  const { plugin, env } = makePlugin(trace, 'trace otlp 127.0.0.1:9');
  await startPlugin(plugin);
  const query = testQuery('www.example.org');
  await plugin.wrap!(nextHandler)(query);
  plugin.observe!(query, sentReply(query, createReply('next')));
  expect(plugin.label!(query, 'traceid')).toBe(undefined);
  await [...env.kept.values()][0]!.stop!();
  expect(await env.exposed('cairn_trace')).toContain('cairn_trace_spans_total{result="failed"} 0');
});

test('the status tells what was sent, and a collector that takes nothing', async () => {
  const collector = await startCollector();
  const good = await withSpan(collector.endpoint);
  await good.stop();
  expect(good.status()).toEqual({
    summary: `Spans sent to http://${collector.endpoint}/v1/traces: 1.`,
    figures: { exported: 1, failed: 0, dropped: 0 },
  });
  collector.respond = 400;
  const bad = await withSpan(collector.endpoint);
  await bad.stop();
  expect(bad.status()).toMatchObject({
    state: 'degraded',
    summary: expect.stringMatching(/^Spans are lost: .* does not take them: .*Check that the collector runs/),
    figures: { exported: 0, failed: 1 },
  });
});
