import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../support/folder.ts';
import { countRequests } from './audit.ts';

const USER = 'system:serviceaccount:kube-system:cairn';
const LISTED = '?limit=500&resourceVersion=0';
const WATCHED = '?watch=true&resourceVersion=7';
const STREAMED = '?watch=true&sendInitialEvents=true';

interface Said {
  readonly id?: string;
  readonly user?: string;
  readonly resource?: string;
  readonly stage?: string;
  readonly code?: number;
}

let made = 0;

function event(verb: string, query: string, { id = `${made++}`, user = USER, ...said }: Said = {}): string {
  const { resource = 'services', stage = 'ResponseComplete', code = 200 } = said;
  const line = JSON.stringify({
    ...{ auditID: id, stage, verb, requestURI: `/api/v1/${resource}${query}`, user: { username: user } },
    ...{ objectRef: { resource }, responseStatus: { code } },
  });
  return `${line}\n`;
}

const logOf = (lines: readonly string[]) => join(folderWith({ log: lines.join('') }), 'log');

test.each<[what: string, events: string[], counts: object]>([
  ['a list', [event('list', LISTED)], { lists: 1 }],
  ['a list that comes as the beginning of a watch', [event('watch', STREAMED)], { lists: 1 }],
  ['a watch', [event('watch', WATCHED)], { watches: 1 }],
  ['a look at the version', [event('list', '?limit=1')], { checks: 1 }],
  ['what is refused', [event('list', LISTED, { code: 403 })], { errors: 1 }],
  [
    'a watch that begins and ends',
    ['ResponseStarted', 'ResponseComplete'].map((stage) => event('watch', WATCHED, { id: 'same', stage })),
    { watches: 1 },
  ],
  ['what others ask', [event('list', LISTED), event('list', LISTED, { user: 'somebody' })], { lists: 1 }],
  ['a line that is being written', [event('list', LISTED), event('list', LISTED).slice(0, -2)], { lists: 1 }],
])('counting: %s', (_, events, counts) => {
  const none = { lists: 0, watches: 0, checks: 0, errors: 0 };
  expect(countRequests(logOf(events), USER)).toEqual({ services: { ...none, ...counts } });
});

test('resources are counted each for itself', () => {
  const events = ['services', 'namespaces', 'services'].map((resource) => event('list', LISTED, { resource }));
  expect(countRequests(logOf(events), USER)).toMatchObject({ services: { lists: 2 }, namespaces: { lists: 1 } });
});

test('a log without a request of the user is an error: nothing could be concluded from it', () => {
  expect(() => countRequests(logOf([event('list', LISTED, { user: 'somebody' })]), USER)).toThrow(/no request of/);
});
