import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { countRequests } from './audit.ts';
import { test } from './open.ts';
import { CAIRN } from './rights.ts';
import { openShop, UNDISTURBED } from './shop.ts';

/** Longer than a watch may be silent before it is looked after. */
const QUIET_MS = 80_000;
/** A watch that is lost is found out by its silence, which takes longer than this. */
const NOT_LOST_MS = 30_000;
const NO_WATCH_CACHE = ['--watch-cache=false'];
const NO_STREAMING_LISTS = ['--feature-gates=WatchList=false'];

describe.concurrent('an API server', () => {
  test.for<[name: string, flags: readonly string[]]>([
    ['with a watch cache', []],
    ['without one, which sends no bookmarks,', NO_WATCH_CACHE],
  ])('%s is followed through a quiet time without an alarm', async ([, flags], context) => {
    const { plane, cairn, learns, undisturbed } = await openShop(context, { flags });
    await learns('before');
    const before = countRequests(plane.auditLog, CAIRN);
    await pause(QUIET_MS);
    expect(cairn.log()).not.toMatch(/\[WARNING\] plugin\/kubernetes|\[ERROR\] plugin\/kubernetes/);
    expect(await undisturbed()).toBe(UNDISTURBED);
    expect(await learns('afterwards')).toBeLessThan(NOT_LOST_MS);
    for (const [resource, { lists }] of Object.entries(countRequests(plane.auditLog, CAIRN)))
      expect(lists, `lists of ${resource}`).toBe(before[resource]!.lists);
  });

  test('that serves streaming lists, then none, then some again, is followed', async (context) => {
    const { plane, learns, undisturbed } = await openShop(context);
    for (const [i, flags] of [NO_STREAMING_LISTS, []].entries()) {
      await plane.apiServer.stop();
      await plane.apiServer.start(flags);
      await learns(`service-${i}`);
      expect(await undisturbed()).toBe(UNDISTURBED);
    }
    for (const [resource, { lists }] of Object.entries(countRequests(plane.auditLog, CAIRN)))
      expect(lists, `lists of ${resource}`).toBeLessThanOrEqual(3);
  });
});
