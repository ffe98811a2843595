import { expect, test } from 'vitest';
import { directives } from '../../../test/support/directive.ts';
import { parseContext } from '../../../test/support/plugin.ts';
import cache from './index.ts';
import type { CacheOptions } from './options.ts';

const parse = (text: string) => cache.parse(directives(text), parseContext(['block.example.'])) as CacheOptions;

test('the defaults', () => {
  expect(parse('cache')).toEqual({
    zones: ['block.example.'],
    success: { capacity: 9984, maxTtl: 3600, minTtl: 5 },
    denial: { capacity: 9984, maxTtl: 1800, minTtl: 5 },
    failureTtl: 5,
    prefetch: undefined,
    stale: undefined,
    preferPositive: false,
    disabled: { success: [], denial: [] },
    keepTtl: false,
  });
});

const stale = { forMs: 3_600_000, mode: 'immediate', timeoutMs: 1800, ttl: 0, recheckMs: undefined };

test.each([
  ['cache 30', { success: { maxTtl: 30 }, denial: { maxTtl: 30 } }],
  ['cache 30 example.org', { success: { maxTtl: 30 }, zones: ['example.org.'] }],
  ['cache Example.org 10.0.0.0/24', { success: { maxTtl: 3600 }, zones: ['example.org.', '0.0.10.in-addr.arpa.'] }],
  ['cache 900 {\ndenial 9984 30\n}', { success: { maxTtl: 900 }, denial: { capacity: 9984, maxTtl: 30, minTtl: 5 } }],
  ['cache 30 {\nsuccess 100\n}', { success: { capacity: 100, maxTtl: 30, minTtl: 5 } }],
  ['cache {\nsuccess 100 60 0\n}', { success: { capacity: 100, maxTtl: 60, minTtl: 0 } }],
  ['cache {\nprefetch 10\n}', { prefetch: { amount: 10, durationMs: 60_000, share: 0.1 } }],
  ['cache {\nprefetch 10 5m 20%\n}', { prefetch: { amount: 10, durationMs: 300_000, share: 0.2 } }],
  ['cache {\nprefetch 0\n}', { prefetch: undefined }],
  ['cache {\nserve_stale\n}', { stale }],
  ['cache {\nserve_stale 1m\n}', { stale: { ...stale, forMs: 60_000 } }],
  ['cache {\nserve_stale verify\n}', { stale: { ...stale, mode: 'verify' } }],
  ['cache {\nserve_stale 1m verify 500ms\n}', { stale: { ...stale, forMs: 60_000, mode: 'verify', timeoutMs: 500 } }],
  [
    'cache {\nserve_stale 1h verify 1s 30 5s\n}',
    { stale: { mode: 'verify', timeoutMs: 1000, ttl: 30, recheckMs: 5000 } },
  ],
  ['cache {\nserve_stale 1h Verify 0s\n}', { stale: { ...stale, mode: 'verify', timeoutMs: 0 } }],
  ['cache {\nserve_stale 1h immediate 30 30\n}', { stale: { ...stale, ttl: 30, recheckMs: 30_000 } }],
  ['cache {\nserve_stale\nserve_stale_policy prefer_positive\n}', { preferPositive: true }],
  ['cache {\nservfail 0\n}', { failureTtl: 0 }],
  ['cache {\nservfail 1m\n}', { failureTtl: 60 }],
  [
    'cache 30 {\ndisable success cluster.local\ndisable denial\n}',
    { disabled: { success: ['cluster.local.'], denial: ['.'] } },
  ],
  ['cache {\ndisable success a.org\ndisable success b.org\n}', { disabled: { success: ['b.org.'], denial: [] } }],
  ['cache {\nkeepttl\n}', { keepTtl: true }],
])('%j', (text, expected) => {
  expect(parse(text)).toMatchObject(expected);
});

test.each([
  ['cache 0', '1:7', "invalid TTL '0', expecting a whole number from 1 on"],
  ['cache -5', '1:7', "invalid TTL '-5'"],
  ['cache {\nsuccess 10 0\n}', '2:12', "invalid TTL '0', expecting a whole number from 1 on"],
  ['cache {\ndenial 10 5 -1\n}', '2:13', "invalid lowest TTL '-1', expecting a whole number from 0 on"],
  ['cache {\ndenial\n}', '2:1', "Wrong argument count or unexpected line ending after 'denial'"],
  ['cache {\ndenial 1 2 3 4\n}', '2:14', "Wrong argument count or unexpected line ending after '4'"],
  ['cache {\nservfail 5m1s\n}', '2:10', 'caching SERVFAIL responses over 5 minutes is not permitted'],
  ['cache {\nprefetch -1\n}', '2:10', "invalid prefetch amount '-1'"],
  ['cache {\nprefetch 1 1m 5%\n}', '2:15', "invalid percentage '5', expecting a whole number from 10 to 90"],
  ['cache {\nprefetch 1 1m 91%\n}', '2:15', "invalid percentage '91'"],
  ['cache {\nprefetch 1 1m 50\n}', '2:15', "last character of percentage should be `%`, but is: '0'"],
  ['cache {\nserve_stale -1m\n}', '2:13', 'invalid negative duration for serve_stale'],
  [
    'cache {\nserve_stale 1m maybe\n}',
    '2:16',
    "unknown serve_stale refresh mode 'maybe', expecting one of immediate, verify",
  ],
  ['cache {\nserve_stale 1m immediate 1500ms\n}', '2:26', 'a TTL must be a whole number of seconds: 1500ms'],
  ['cache {\nserve_stale 1m immediate 1 6m\n}', '2:28', "invalid duration '6m', expecting 300s or shorter"],
  ['cache {\nserve_stale 1m immediate 1 2 3\n}', '2:30', 'Wrong argument count or unexpected line ending after'],
  ['cache {\nserve_stale_policy prefer_positive\n}', '2:1', 'serve_stale_policy requires serve_stale'],
  ['cache {\nserve_stale\nserve_stale_policy any\n}', '3:20', "unknown value 'any', expecting prefer_positive"],
  ['cache {\ndisable all\n}', '2:9', "unknown value 'all', expecting one of success, denial"],
  ['cache {\nkeepttl 5\n}', '2:9', "Wrong argument count or unexpected line ending after '5'"],
  ['cache {\nttl 5\n}', '2:1', "unknown property 'ttl'"],
  ['cache\ncache', '2:1', 'this plugin can only be used once per Server Block'],
])('%j is an error', (text, place, detail) => {
  expect(() => parse(text)).toThrow(`Corefile:${place} - Error during parsing: ${detail}`);
});
