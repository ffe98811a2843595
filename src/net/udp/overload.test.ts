import { expect, test } from 'vitest';
import { CATCH_UP_MS, MAX_QUERY_AGE_MS, Overload } from './overload.ts';

const OLD = MAX_QUERY_AGE_MS + 1;

test('what is old is dropped where it has been so for a while', () => {
  const overload = new Overload();
  expect(overload.isTooOld(OLD, 1000)).toBe(false);
  expect(overload.isTooOld(OLD, 1000 + CATCH_UP_MS)).toBe(false);
  expect(overload.isTooOld(OLD, 1001 + CATCH_UP_MS)).toBe(true);
  expect(overload.isTooOld(MAX_QUERY_AGE_MS, 1002 + CATCH_UP_MS)).toBe(false);
  expect(overload.isTooOld(OLD, 1003 + CATCH_UP_MS)).toBe(false);
});
