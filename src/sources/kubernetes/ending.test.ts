import { expect, test } from 'vitest';
import { endingOf, isUnreachable } from './ending.ts';
import { ApiConnectionError } from './errors.ts';

const error = (message: string, code?: string) => Object.assign(new Error(message), code && { code });

test.each([
  [error('aborted', 'ECONNRESET'), 'the server closed the connection in the middle of a response'],
  [error('socket hang up', 'ECONNRESET'), 'the server closed the connection without a response'],
  [error('read ECONNRESET', 'ECONNRESET'), 'the connection was reset (read ECONNRESET)'],
  [error('write EPIPE', 'EPIPE'), 'the server closed the connection (write EPIPE)'],
  [error('read ETIMEDOUT', 'ETIMEDOUT'), 'the connection timed out (read ETIMEDOUT)'],
  [error('connect ETIMEDOUT 10.0.0.1:443', 'ETIMEDOUT'), 'connect ETIMEDOUT 10.0.0.1:443'],
  [error('unexpected end of file', 'Z_BUF_ERROR'), 'the compressed response was cut off'],
  [error('certificate has expired', 'CERT_HAS_EXPIRED'), 'certificate has expired'],
  [
    new AggregateError([error('connect ECONNREFUSED ::1:1'), error('connect ECONNREFUSED 127.0.0.1:1')]),
    'connect ECONNREFUSED ::1:1, connect ECONNREFUSED 127.0.0.1:1',
  ],
  ['anything', 'anything'],
])('%s', (thrown, expected) => {
  expect(endingOf(thrown)).toBe(expected);
});

test.each([
  [new ApiConnectionError('x', error('connect ECONNREFUSED 10.0.0.1:443', 'ECONNREFUSED')), true],
  [new ApiConnectionError('x', error('socket hang up', 'ECONNRESET')), true],
  [new ApiConnectionError('x', error('certificate has expired', 'CERT_HAS_EXPIRED')), false],
  [new ApiConnectionError('x'), false],
  ['x', false],
])('%s is unreachable: %s', (thrown, expected) => {
  expect(isUnreachable(thrown)).toBe(expected);
});
