import { expect, test } from 'vitest';
import { systemClock } from '../observe/clock.ts';
import { Registry } from '../registry/registry.ts';
import type { WatchStatus as ApiWatch } from '../sources/kubernetes/source.ts';
import { clusterStatus } from './status.ts';

const WATCH: ApiWatch = {
  ...{ name: 'services', kind: 'service', synced: true, isKnown: true, ageMs: 1000, problem: undefined },
  ...{ isInDoubt: false, isAbsent: false, count: () => 3 },
};
const URL = 'https://10.96.0.1';
const BACK = 'the known objects differ from those of the API server (was etcd restored, or did the watch lose events?)';

const statusOf = (...watches: Partial<ApiWatch>[]) =>
  clusterStatus(
    {
      registry: new Registry(systemClock),
      start: async () => {},
      origin: () => URL,
      watches: () => watches.map((watch) => ({ ...WATCH, ...watch })),
    },
    '3 services',
  );

test.each<[what: string, watch: Partial<ApiWatch>, state: string, problem: string | undefined]>([
  ['a watch that works', {}, 'ok', undefined],
  ['a first list', { synced: false, isKnown: false }, 'waiting', undefined],
  ['a first list that fails', { synced: false, isKnown: false, problem: 'no' }, 'failing', 'no'],
  ['another first list, while an earlier one is served', { synced: false, problem: 'no' }, 'degraded', 'no'],
  [
    'a list under way, while a snapshot is served',
    { synced: false },
    'degraded',
    'what was known before is served until its list is complete',
  ],
  ['a watch that fails', { problem: 'no' }, 'degraded', 'no'],
  ['doubtful records', { isInDoubt: true }, 'degraded', `${BACK}: a new list is under way`],
  ['doubtful records, and no others', { isInDoubt: true, problem: 'no' }, 'degraded', `${BACK}: a new list fails: no`],
  ['silence', { ageMs: 301_000 }, 'degraded', 'nothing has come for 5 min 1 s'],
  ['objects that do not exist', { isAbsent: true, ageMs: 1e9 }, 'ok', undefined],
])('%s', (_, watch, state, problem) => {
  const status = statusOf(watch);
  expect([status.state, status.watches![0]!.state, status.watches![0]!.problem]).toEqual([state, state, problem]);
});

test('the summary names the first problem, and which watches share it', () => {
  const { summary } = statusOf(
    { name: 'namespaces', problem: `${URL}: connect ECONNREFUSED` },
    { name: 'services' },
    { name: 'pods', problem: `${URL}: connect ECONNREFUSED` },
    { name: 'nodes', problem: 'the API server forbids it' },
  );
  expect(summary).toBe(
    `What was known is served, but it no longer follows all changes: namespaces of ${URL}, pods of ${URL}: ` +
      `${URL}: connect ECONNREFUSED. Check that the API server runs, and that this server can reach it. 1 more has other problems.`,
  );
});
