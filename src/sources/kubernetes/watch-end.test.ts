import { expect, test } from 'vitest';
import { ApiConnectionError, ApiStatusError, SilenceError } from './errors.ts';
import { endOfList, endOfWatch, NoInitialList, WatchCut } from './watch-end.ts';

const cut = new ApiConnectionError('cut');
const silence = new SilenceError('silent');
const status = new ApiStatusError(410, 'Expired', 'old');
const tooSoon = new ApiConnectionError('the watch ended as soon as it had begun');

test.each([
  ['ended by the server', undefined, 0, 1000, undefined],
  ['ended by the server soon, with an event', undefined, 1, 0, undefined],
  ['ended by the server soon', undefined, 0, 999, tooSoon],
  ['cut after a while', cut, 0, 2000, new WatchCut('cut', false)],
  ['cut after an event', cut, 1, 1000, new WatchCut('cut', false)],
  ['cut soon after an event', cut, 1, 999, new WatchCut('cut', true)],
  ['cut before it did anything', cut, 0, 1999, cut],
  ['silent', silence, 1, 9999, silence],
  ['told an error', status, 1, 9999, status],
])('a watch that is %s', (_, thrown, events, lastedMs, expected) => {
  expect(endOfWatch(thrown, { events, lastedMs })).toEqual(expected);
});

test.each([
  [undefined, new ApiConnectionError('the list was cut off')],
  [cut, cut],
  [silence, new NoInitialList('it fell silent')],
])('a list that ends by %s', (thrown, expected) => {
  expect(endOfList(thrown)).toEqual(expected);
});
