import { describe, expect, test } from 'vitest';
import { makePlugin, parsePlugin, sentReply } from '../../../test/support/plugin.ts';
import { testQuery } from '../../../test/support/query.ts';
import { CairnError, OverloadError } from '../../base/errors.ts';
import { failure } from '../../plugin/reply.ts';
import { MAX_LINES_PER_SECOND } from './bound.ts';
import errors from './index.ts';

const TIMEOUT = 'read udp 10.0.0.5:4242->10.0.0.2:53: i/o timeout';

function setUp(body: string) {
  const { plugin, env } = makePlugin(errors, body);
  const fail = (message: string | Error, question = 'Example.org. A') => {
    const query = testQuery(question);
    const error = typeof message === 'string' ? new CairnError('FORWARD', message) : message;
    plugin.observe!(query, sentReply(query, failure('forward', 2, error)));
  };
  return { plugin, env, fail };
}

describe('without options', () => {
  test('an error becomes one line, the rcode as a number', () => {
    const { env, fail } = setUp('errors');
    fail(TIMEOUT);
    fail('no next plugin found', 'a.example. AAAA');
    expect(env.lines).toEqual([
      `[ERROR] plugin/errors: 2 example.org. A: ${TIMEOUT}`,
      '[ERROR] plugin/errors: 2 a.example. AAAA: no next plugin found',
    ]);
  });

  test('the status has the last error', () => {
    const { plugin, env, fail } = setUp('errors');
    expect(plugin.status!()).toEqual({ summary: 'No query has failed.', figures: { errors: 0 } });
    fail('first');
    fail(TIMEOUT);
    env.clock.advance(7000);
    expect(plugin.status!()).toEqual({
      summary: `Queries that failed: 2, the last one 7 s ago: 2 example.org. A: ${TIMEOUT}`,
      figures: { errors: 2 },
    });
  });

  test('a reply without an error is none', () => {
    const { plugin, env } = setUp('errors stdout');
    const query = testQuery('example.org.');
    plugin.observe!(query, sentReply(query, failure('acl', 5)));
    expect(env.lines).toEqual([]);
  });

  test('an overload has no line for each query', () => {
    const { env, fail } = setUp('errors');
    fail(new OverloadError('FORWARD', 'too many queries'));
    expect(env.lines).toEqual([]);
  });

  test('no more than the bound is written per second, the others are counted', () => {
    const { plugin, env, fail } = setUp('errors');
    for (let i = 0; i < MAX_LINES_PER_SECOND + 7; i++) fail(TIMEOUT);
    expect(env.lines).toHaveLength(MAX_LINES_PER_SECOND);
    env.clock.advance(1000);
    expect(env.lines.slice(MAX_LINES_PER_SECOND)).toEqual([
      '[ERROR] plugin/errors: 7 more errors occurred in the last second, only the first 100 are shown',
    ]);
    fail('later');
    expect(env.lines.at(-1)).toBe('[ERROR] plugin/errors: 2 example.org. A: later');
    plugin.stop!();
    expect(env.clock.timers).toBe(0);
  });
});

describe('consolidate', () => {
  test('counts over a period that begins with the first error', () => {
    const { env, fail } = setUp('errors {\n consolidate 30s "^read udp .* i/o timeout$"\n}');
    env.clock.advance(10_000);
    fail(TIMEOUT);
    env.clock.advance(29_000);
    fail(TIMEOUT);
    fail('another');
    expect(env.lines).toEqual(['[ERROR] plugin/errors: 2 example.org. A: another']);
    env.clock.advance(1000);
    expect(env.lines[1]).toBe("[ERROR] plugin/errors: 2 errors like '^read udp .* i/o timeout$' occurred in last 30s");
    env.clock.advance(60_000);
    expect(env.lines).toHaveLength(2);
  });

  test('the first rule that matches counts', () => {
    const { env, fail } = setUp('errors {\n consolidate 1m timeout warning\n consolidate 1m .* info\n}');
    fail(TIMEOUT);
    fail(TIMEOUT);
    fail('refused');
    env.clock.advance(60_000);
    expect(env.lines).toEqual([
      "[WARNING] plugin/errors: 2 errors like 'timeout' occurred in last 1m",
      "[INFO] plugin/errors: 1 errors like '.*' occurred in last 1m",
    ]);
  });

  test('show_first shows the first of each period in full', () => {
    const { env, fail } = setUp('errors {\n consolidate 5s timeout debug show_first\n}');
    fail(TIMEOUT);
    fail(TIMEOUT, 'b.example. A');
    env.clock.advance(5000);
    fail(TIMEOUT, 'c.example. A');
    expect(env.lines).toEqual([
      `[DEBUG] plugin/errors: 2 example.org. A: ${TIMEOUT}`,
      "[DEBUG] plugin/errors: 2 errors like 'timeout' occurred in last 5s",
      `[DEBUG] plugin/errors: 2 c.example. A: ${TIMEOUT}`,
    ]);
  });

  test('what was counted is reported at the end', () => {
    const { plugin, env, fail } = setUp('errors {\n consolidate 1h timeout\n}');
    fail(TIMEOUT);
    plugin.stop!();
    expect(env.lines).toEqual(["[ERROR] plugin/errors: 1 errors like 'timeout' occurred in last 1h"]);
    expect(env.clock.timers).toBe(0);
  });
});

describe('stacktrace', () => {
  test.each([
    ['a bug, with stacktrace', 'errors {\n stacktrace\n}', new TypeError('x is undefined'), true],
    ['a bug, without', 'errors', new TypeError('x is undefined'), false],
    ['a failure that was foreseen', 'errors {\n stacktrace\n}', new CairnError('CANCEL', 'timeout'), false],
    [
      'a system error',
      'errors {\n stacktrace\n}',
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      false,
    ],
  ])('%s', (_, body, error, hasStack) => {
    const { env, fail } = setUp(body);
    fail(error);
    expect(env.lines).toHaveLength(1);
    expect(env.lines[0]!.includes('errors.test.ts')).toBe(hasStack);
    expect(env.lines[0]).toContain(error.message);
  });
});

test.each([
  ['errors stdout', { stacktrace: false, rules: [] }],
  [
    'errors {\n consolidate 1m30s x show_first\n stacktrace\n}',
    {
      stacktrace: true,
      rules: [
        { periodMs: 90_000, period: '1m30s', pattern: expect.anything(), source: 'x', level: 'error', showFirst: true },
      ],
    },
  ],
])('%j is read', (body, options) => {
  expect(parsePlugin(errors, body)).toEqual(options);
});

test.each([
  ['errors stderr', "Corefile:1:8 - Error during parsing: unknown value 'stderr', expecting stdout"],
  ['errors\nerrors', 'Corefile:2:1 - Error during parsing: this plugin can only be used once per Server Block'],
  [
    'errors {\n stacktrace on\n}',
    "Corefile:2:13 - Error during parsing: Wrong argument count or unexpected line ending after 'on'",
  ],
  [
    'errors {\n consolidate 5m\n}',
    "Corefile:2:14 - Error during parsing: Wrong argument count or unexpected line ending after '5m'",
  ],
  ['errors {\n consolidate 5 x\n}', 'Corefile:2:14 - Error during parsing: time: missing unit in duration "5"'],
  ['errors {\n consolidate 0s x\n}', "Corefile:2:14 - Error during parsing: invalid duration '0s'"],
  ['errors {\n consolidate 5m (\n}', "Corefile:2:17 - Error during parsing: invalid regular expression '('"],
  ['errors {\n consolidate 5m x loud\n}', "Corefile:2:19 - Error during parsing: unknown value 'loud'"],
  ['errors {\n quiet\n}', "Corefile:2:2 - Error during parsing: unknown property 'quiet'"],
])('%j is an error', (body, message) => {
  expect(() => parsePlugin(errors, body)).toThrow(message);
});
