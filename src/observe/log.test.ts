import { describe, expect, test, vi } from 'vitest';
import { createLogger, LOG_LEVELS, type Logger, type LoggerOptions, LogThreshold, printRecord } from './log.ts';

function logged(write: (log: Logger) => void, options?: LoggerOptions): string[] {
  const lines: string[] = [];
  write(createLogger((level, line) => lines.push(`${level} ${line}`), options));
  return lines;
}

test.each<['info' | 'warning' | 'error' | 'fatal', string]>([
  ['info', 'info [INFO] plugin/x: text'],
  ['warning', 'warning [WARNING] plugin/x: text'],
  ['error', 'error [ERROR] plugin/x: text'],
  ['fatal', 'fatal [FATAL] plugin/x: text'],
])('%s', (level, line) => {
  expect(logged((log) => log[level]('text'), { plugin: 'x' })).toEqual([line]);
});

test.each<[LoggerOptions, string[]]>([
  [{}, ['info', 'warning', 'error', 'fatal']],
  [{ level: 'debug' }, ['debug', 'info', 'warning', 'error', 'fatal']],
  [{ level: 'info' }, ['info', 'warning', 'error', 'fatal']],
  [{ level: 'warning' }, ['warning', 'error', 'fatal']],
  [{ level: 'error' }, ['error', 'fatal']],
])('the lines that %j leaves', (options, levels) => {
  const lines = logged((log) => {
    for (const level of [...LOG_LEVELS, 'fatal'] as const) log[level]('text');
  }, options);
  expect(lines).toEqual(levels.map((level) => `${level} [${level.toUpperCase()}] text`));
  const log = createLogger(() => {}, options);
  expect(LOG_LEVELS.filter(log.logs)).toEqual(levels.filter((level) => level !== 'fatal'));
});

test('a threshold that moves counts at once, for all loggers that have it', () => {
  const level = new LogThreshold('warning');
  const lines: string[] = [];
  const [a, b] = ['a', 'b'].map((plugin) => createLogger((_, line) => lines.push(line), { plugin, level }));
  a!.info('hidden');
  level.level = 'debug';
  expect([level.level, a!.logs('debug')]).toEqual(['debug', true]);
  a!.debug('shown');
  b!.info('shown');
  level.level = 'error';
  b!.warning('hidden');
  expect(lines).toEqual(['[DEBUG] plugin/a: shown', '[INFO] plugin/b: shown']);
});

test('a text of several lines is one line', () => {
  expect(logged((log) => log.info('a\r\n   b\n\nc'))).toEqual(['info [INFO] a; b; c']);
});

test('control characters are shown, and do nothing', () => {
  expect(logged((log) => log.info('a\0b\x1b[31mc\td'))).toEqual(['info [INFO] a\\u0000b\\u001b[31mc\\td']);
});

test('a text that is much too long is cut', () => {
  expect(logged((log) => log.info('x'.repeat(100_000)))).toEqual([
    `info [INFO] ${'x'.repeat(8192)}… (of 100000 characters)`,
  ]);
});

test('tabs separate columns, if the logger keeps them', () => {
  expect(logged((log) => log.info('a\tb\x1b\tc\nd'), { keepsTabs: true })).toEqual(['info [INFO] a\tb\\u001b\tc; d']);
});

describe('as JSON', () => {
  const asJson = (write: (log: Logger) => void, options?: LoggerOptions) => {
    const lines: string[] = [];
    write(createLogger((_level, _line, record) => lines.push(printRecord(record, 1_790_000_000_123)), options));
    return lines;
  };
  const TIME = '"time":"2026-09-21T14:13:20.123Z"';

  test.each<[string, (log: Logger) => void, LoggerOptions, string]>([
    ['a line', (log) => log.info('text'), {}, `{${TIME},"level":"INFO","msg":"text"}`],
    [
      'a line of a plugin',
      (log) => log.warning('te"xt'),
      { plugin: 'x' },
      `{${TIME},"level":"WARNING","plugin":"x","msg":"te\\"xt"}`,
    ],
    [
      'a line with fields',
      (log) => log.error('text', () => ({ a: 'b', n: 1.5, yes: true, none: null })),
      {},
      `{${TIME},"level":"ERROR","msg":"text","a":"b","n":1.5,"yes":true,"none":null}`,
    ],
    [
      'fields that are named like the parts of each line',
      (log) => log.fatal('text', () => ({ time: 'never', level: 'DEBUG', plugin: 'y', msg: 'z', a: 'b' })),
      { plugin: 'x' },
      `{${TIME},"level":"FATAL","plugin":"x","msg":"text","a":"b"}`,
    ],
    [
      'a text that would forge a line, or control a terminal that shows it without its escapes',
      (log) => log.info('a\n{"level":"INFO"}\x1b[31m\u202e'),
      {},
      `{${TIME},"level":"INFO","msg":"a; {\\"level\\":\\"INFO\\"}\\\\u001b[31m\\\\u202e"}`,
    ],
    [
      'fields that would',
      (log) => log.info('x', () => ({ a: '\n\x1b\x9b\u202e\u{e0041}é\ud800' })),
      {},
      `{${TIME},"level":"INFO","msg":"x","a":"\\n\\u001b\\u009b\\u202e\\udb40\\udc41é\\ud800"}`,
    ],
  ])('%s', (_, write, options, line) => {
    const lines = asJson(write, options);
    expect(lines).toEqual([line]);
    expect(() => JSON.parse(lines[0]!)).not.toThrow();
  });

  test('fields of lines that are not written, or written as text, are not made', () => {
    const fields = vi.fn(() => ({}));
    asJson((log) => log.info('x', fields), { level: 'error' });
    logged((log) => log.info('x', fields));
    expect(fields).not.toHaveBeenCalled();
  });
});
