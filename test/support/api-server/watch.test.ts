import { describe, expect, test } from 'vitest';
import { fakeClock } from '../clock.ts';
import { get, namespace, openWatch, pod, service, testApi } from './client.ts';

const SERVICES = '/api/v1/services?watch=true';
/** At versions 2, 3 and 4. */
const objects = [namespace('shop'), service('a'), service('b', 'other')];

describe('what a watch begins with', () => {
  const streaming = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  test.each([
    ['', 'ADDED b@4, ADDED a@3, ADDED c@5, MODIFIED c@6'],
    ['&resourceVersion=0', 'ADDED b@4, ADDED a@3, ADDED c@5, MODIFIED c@6'],
    ['&resourceVersion=4', 'ADDED c@5, MODIFIED c@6'],
    ['&resourceVersion=3', 'ADDED b@4, ADDED c@5, MODIFIED c@6'],
    ['&resourceVersion=5', 'MODIFIED c@6'],
    [`&${streaming}`, 'ADDED b@4, ADDED a@3, ADDED c@5, BOOKMARK @5!, MODIFIED c@6'],
    [`&${streaming}&resourceVersion=4`, 'ADDED b@4, ADDED a@3, ADDED c@5, BOOKMARK @5!, MODIFIED c@6'],
    [`&${streaming}&resourceVersion=9`, 'ERROR 504 Timeout, end'],
  ])('%s', async (query, expected) => {
    const api = await testApi({ objects });
    api.put(service('c'));
    const watch = await openWatch(api.url + SERVICES + query);
    api.put({ ...service('c'), spec: {} });
    expect(await watch.events(expected.split(', ').length)).toBe(expected);
  });
});

test('tells of every change, with objects that say what they are', async () => {
  const api = await testApi({ objects });
  const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=4`);
  api.put(service('c'));
  api.remove('Service', 'shop', 'c');
  api.remove('Service', 'shop', 'never');
  api.put(namespace('new'));
  expect(JSON.parse((await watch.line())!)).toMatchObject({
    type: 'ADDED',
    object: { kind: 'Service', apiVersion: 'v1', metadata: { name: 'c', resourceVersion: '5' } },
  });
  api.put(service('d'));
  expect(await watch.events(2)).toBe('DELETED c@6, ADDED d@8');
});

describe('an object that begins or ceases to be chosen is added or deleted', () => {
  const labelled = (tier: string) => service('x', 'shop', { tier });
  test.each([
    ['/api/v1/services?labelSelector=tier%3Dfront', [labelled('front'), labelled('back'), labelled('front')]],
    ['/api/v1/pods?fieldSelector=status.phase!%3DFailed', [pod('x', 'Running'), pod('x', 'Failed'), pod('x')]],
  ])('%s', async (path, [first, second, third]) => {
    const api = await testApi({ objects: [first!] });
    const watch = await openWatch(`${api.url}${path}&watch=1&resourceVersion=2`);
    api.put(second!);
    api.put(third!);
    expect(await watch.events(2)).toBe('DELETED x@3, ADDED x@4');
  });
});

describe('a version that is forgotten is gone', () => {
  test.each(['event', 'status'] as const)('as an %s', async (goneAs) => {
    const api = await testApi({ objects, goneAs, maxHistory: 2 });
    for (const name of ['c', 'd', 'e']) api.put(service(name));
    const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=4`);
    if (goneAs === 'event') expect(await watch.events(2)).toBe('ERROR 410 Expired, end');
    else expect([watch.status, JSON.parse((await watch.line())!).code]).toEqual([410, 410]);
    const other = await openWatch(`${api.url}${SERVICES}&resourceVersion=5`);
    expect(await other.events(2)).toBe('ADDED d@6, ADDED e@7');
  });
});

describe('streaming lists where they are not served', () => {
  const query = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  test('are invalid', async () => {
    const api = await testApi({ objects, streamingLists: 'invalid' });
    const { status, body } = await get(api.url + SERVICES + query);
    expect([status, body.reason]).toEqual([422, 'Invalid']);
    expect(body.message).toContain('unless the WatchList feature gate is enabled');
  });

  test('are plain watches without an end of the list', async () => {
    const api = await testApi({ objects, streamingLists: 'ignored' });
    const watch = await openWatch(api.url + SERVICES + query);
    api.put(service('c'));
    expect(await watch.events(3)).toBe('ADDED b@4, ADDED a@3, ADDED c@5');
  });

  test.each([
    ['&sendInitialEvents=true', 'requires setting resourceVersionMatch to NotOlderThan'],
    ['&resourceVersionMatch=NotOlderThan', 'forbidden for watch unless sendInitialEvents is provided'],
  ])('%s is invalid everywhere', async (options, message) => {
    const api = await testApi({ objects });
    const { status, body } = await get(api.url + SERVICES + options);
    expect([status, body.message]).toEqual([422, expect.stringContaining(message)]);
  });
});

test('a watch that was told that it is too old is told nothing more', async () => {
  const api = await testApi({ objects });
  const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=4`);
  api.watches[0]!.expire();
  api.put(service('late'));
  expect(await watch.events(2)).toMatch(/^ERROR .*end$/);
});

test('sends bookmarks to those who want them once the version has moved on, and ends with one at its time limit', async () => {
  const clock = fakeClock();
  const api = await testApi({ objects, clock });
  const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=4&allowWatchBookmarks=true&timeoutSeconds=90`);
  clock.advance(60_000);
  api.put(namespace('new'));
  clock.advance(30_000);
  expect(await watch.events(2)).toBe('BOOKMARK @5, end');
  const plain = await openWatch(`${api.url}${SERVICES}&resourceVersion=4&timeoutSeconds=90`);
  clock.advance(90_000);
  expect(await plain.events(1)).toBe('end');
  expect([api.watches.length, clock.timers]).toEqual([0, 0]);
});

test('a watch that has ended misses what happens before its client hangs up', async () => {
  const api = await testApi({ objects });
  const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=4`);
  api.put(service('c'));
  api.watches[0]!.end();
  api.put(service('d'));
  expect(await watch.events(2)).toBe('ADDED c@5, end');
});

describe('bookmarks', () => {
  test.each([
    ['all', 'BOOKMARK @5, BOOKMARK @6, end'],
    ['own', 'BOOKMARK @6, end'],
    ['never', 'end'],
  ] as const)('that tell of %s', async (bookmarks, expected) => {
    const clock = fakeClock();
    const api = await testApi({ objects, clock, bookmarks });
    const watch = await openWatch(
      `${api.url}${SERVICES}&resourceVersion=4&allowWatchBookmarks=true&labelSelector=no&timeoutSeconds=90`,
    );
    api.put(namespace('new'));
    clock.advance(60_000);
    api.put(service('c'));
    clock.advance(30_000);
    expect(await watch.events(expected.split(', ').length)).toBe(expected);
  });
});

describe('a server that went back to a snapshot', () => {
  test('has the objects and the version of then, and closes watches', async () => {
    const api = await testApi({ objects });
    const snapshot = api.snapshot();
    api.put(service('c'));
    const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=5`);
    api.restore(snapshot);
    await expect(watch.line()).rejects.toThrow('terminated');
    const { body } = await get(`${api.url}/api/v1/services`);
    expect([body.metadata.resourceVersion, body.items.map((item) => item.metadata.name)]).toEqual(['4', ['b', 'a']]);
  });

  test('tells a watch of a version to come nothing until that has come, and no error', async () => {
    const clock = fakeClock();
    const api = await testApi({ objects, clock });
    const snapshot = api.snapshot();
    api.put(service('c'));
    api.restore(snapshot);
    const watch = await openWatch(`${api.url}${SERVICES}&resourceVersion=5&allowWatchBookmarks=true`);
    clock.advance(60_000);
    api.put(service('lost'));
    clock.advance(60_000);
    api.put(service('told'));
    expect([watch.status, await watch.events(1)]).toEqual([200, 'ADDED told@6']);
  });
});
