import { expect, test } from 'vitest';
import { parsePlugin, warningsOf } from '../../plugin/testing/index.ts';
import trace from './index.ts';

const DEFAULTS = {
  url: 'http://localhost:4318/v1/traces',
  every: 1,
  service: 'coredns',
  maxBacklog: 2048,
  maxBatch: 512,
  intervalMs: 1000,
};
const block = (...lines: readonly string[]) => `trace otlp {\n${lines.join('\n')}\n}`;

test.each([
  ['trace otlp', {}],
  ['trace OTLP collector', { url: 'http://collector:4318/v1/traces' }],
  ['trace otlp collector:9253', { url: 'http://collector:9253/v1/traces' }],
  ['trace otlp collector:80', { url: 'http://collector/v1/traces' }],
  ['trace otlp [2001:db8::1]:4318', { url: 'http://[2001:db8::1]:4318/v1/traces' }],
  ['trace otlp [2001:db8::1]', { url: 'http://[2001:db8::1]:4318/v1/traces' }],
  ['trace otlp http://collector:4318/', { url: 'http://collector:4318/v1/traces' }],
  ['trace otlp https://collector.example.org', { url: 'https://collector.example.org/v1/traces' }],
  ['trace otlp https://collector/otlp/v1/traces?a=b', { url: 'https://collector/otlp/v1/traces?a=b' }],
  [block('every 100'), { every: 100 }],
  [block('service dns'), { service: 'dns' }],
  [block('max_backlog_size 4000', 'max_batch_size 3000'), { maxBacklog: 4000, maxBatch: 3000 }],
  [block('max_backlog_size 100'), { maxBacklog: 100, maxBatch: 100 }],
  [block('max_batch_interval 250ms'), { intervalMs: 250 }],
])('%j', (body, options) => {
  expect(parsePlugin(trace, body)).toEqual({ ...DEFAULTS, ...options });
  expect(warningsOf(trace, body)).toEqual([]);
});

test.each([
  ['trace zipkin', /1:7 .*'trace zipkin' is not supported: .* write 'trace otlp http:\/\/localhost:4318' if/],
  ['trace zipkin tracing:9253', /1:7 .*'trace zipkin' is .* write 'trace otlp http:\/\/tracing:4318' if/],
  ['trace Datadog localhost:8126', /'trace datadog' is .* write 'trace otlp http:\/\/localhost:4318'/],
  ['trace', /1:1 .*without 'otlp' this means Zipkin .* write 'trace otlp http:\/\/localhost:4318'/],
  ['trace tracing:9253', /1:7 .*without 'otlp' .* write 'trace otlp http:\/\/tracing:4318'/],
  ['trace http://tracing:9411/zipkin/api/v2/spans', /write 'trace otlp http:\/\/tracing:4318'/],
  ['trace http://[2001:db8::1]:9411', /write 'trace otlp http:\/\/\[2001:db8::1\]:4318'/],
  [block('client_server'), /2:1 .*an option for Zipkin's spans - remove it/],
  [block('datadog_analytics_rate 0.5'), /2:1 .*an option for Datadog's protocol - remove it/],
  [block('zipkin_max_backlog_size 100'), /write 'max_backlog_size 100'/],
  [block('zipkin_max_batch_size 100'), /write 'max_batch_size 100'/],
  [block('zipkin_max_batch_interval 2s'), /write 'max_batch_interval 2s'/],
  ['trace otlp a b', /1:14 .*takes at most 2 arguments/],
  ['trace otlp ftp://collector', /1:12 .*invalid endpoint 'ftp:\/\/collector', expecting HOST/],
  ['trace otlp a:99999', /invalid endpoint/],
  ['trace otlp https://me:secret@collector', /no user and password - put a header into .* OTEL_EXPORTER_OTLP_HEADERS/],
  ['trace otlp\ntrace otlp', /2:1 .*only be used once/],
  [block('every 0'), /2:7 .*expecting a whole number from 1 on/],
  [block('every'), /'every' takes exactly 1 argument/],
  [block('service'), /'service' takes exactly 1 argument/],
  [block('max_batch_interval 0'), /expecting 1ms or longer/],
  [block('max_batch_interval 2h'), /expecting 3600s or shorter/],
  [block('max_backlog_size 1000001'), /from 1 to 1000000/],
  [block('max_batch_size 2049'), /2:1 .*max_batch_size 2049 is more than max_backlog_size, which is 2048/],
  [block('ever 3'), /unknown property 'ever'; did you mean every\?/],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(trace, body)).toThrow(message);
});

test('all errors of a line of CoreDNS are told at once', () => {
  expect(() => parsePlugin(trace, 'trace zipkin a {\nclient_server\nzipkin_max_batch_size 9\n}')).toThrow(
    /'trace zipkin'.*\n.*client_server.*\n.*max_batch_size 9/,
  );
});

test('the port of OTLP over gRPC is a warning', () => {
  expect(warningsOf(trace, 'trace otlp collector:4317')).toEqual([expect.stringMatching(/:1:12 .* its port is 4318$/)]);
});
