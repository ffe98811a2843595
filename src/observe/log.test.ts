import { expect, test } from 'vitest';
import { createLogger, type Logger } from './log.ts';

function logged(write: (log: Logger) => void, options?: Parameters<typeof createLogger>[1]): string[] {
  const lines: string[] = [];
  write(createLogger((level, line) => lines.push(`${level} ${line}`), options));
  return lines;
}

test.each<[keyof Logger, string]>([
  ['info', 'info [INFO] plugin/x: text'],
  ['warning', 'warning [WARNING] plugin/x: text'],
  ['error', 'error [ERROR] plugin/x: text'],
  ['fatal', 'fatal [FATAL] plugin/x: text'],
])('%s', (level, line) => {
  expect(logged((log) => log[level]('text'), { prefix: 'plugin/x: ' })).toEqual([line]);
});

test.each([
  [{}, []],
  [{ debug: false }, []],
  [{ debug: true }, ['debug [DEBUG] text']],
])('debug lines with %j', (options, lines) => {
  expect(logged((log) => log.debug('text'), options)).toEqual(lines);
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
