import { expect, test } from 'vitest';
import { ApiStatusError } from './errors.ts';
import { readWatchEvent } from './watch-event.ts';

const object = { metadata: { name: 'a', resourceVersion: '7' } };
const done = { metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } } };

test.each([
  [
    { type: 'ADDED', object },
    { kind: 'set', object, version: '7' },
  ],
  [
    { type: 'MODIFIED', object: {} },
    { kind: 'set', object: {}, version: undefined },
  ],
  [
    { type: 'DELETED', object },
    { kind: 'delete', object, version: '7' },
  ],
  [
    { type: 'BOOKMARK', object },
    { kind: 'bookmark', version: '7', complete: false },
  ],
  [
    { type: 'BOOKMARK', object: done },
    { kind: 'bookmark', version: '9', complete: true },
  ],
  [
    { type: 'BOOKMARK', object: { metadata: 5 } },
    { kind: 'bookmark', version: undefined, complete: false },
  ],
  [{ type: 'ADDED' }, 'an event without an object'],
  [{ type: 'ADDED', object: null }, 'an event without an object'],
  [{ type: 'SURPRISE', object }, 'an event of the unknown type "SURPRISE"'],
  [{ object }, 'an event of the unknown type undefined'],
  [null, 'an event without an object'],
  [[], 'an event without an object'],
])('%j', (event, expected) => {
  expect(readWatchEvent(JSON.stringify(event))).toEqual(expected);
});

test('half a line is not JSON', () => {
  expect(readWatchEvent('{"type":"ADD')).toBe('a line that is not JSON');
});

test.each([
  [{ code: 410, reason: 'Expired', message: 'too old' }, 410, true],
  [{ code: 410, reason: 'Gone', message: 'gone' }, 410, true],
  [{ reason: 'Expired', message: 'x' }, 500, true],
  [{ code: 500, message: 'too old resource version: 1 (2)' }, 500, true],
  [{ code: 500, reason: 'InternalError', message: 'etcd' }, 500, false],
  [{}, 500, false],
])('an error event with the status %j', (status, code, isExpired) => {
  const event = readWatchEvent(JSON.stringify({ type: 'ERROR', object: status }));
  const error = typeof event === 'object' && event.kind === 'error' ? event.error : undefined;
  expect(error).toBeInstanceOf(ApiStatusError);
  expect([error?.status, error?.isExpired]).toEqual([code, isExpired]);
});
