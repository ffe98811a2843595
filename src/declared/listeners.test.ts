import { expect, test } from 'vitest';
import type { Gateway, Listener, Parent, Route, RouteKind } from '../registry/declared-records.ts';
import { servedHosts } from './listeners.ts';

const listener = (hostname: string | undefined, more: Partial<Listener> = {}): Listener => ({
  ...{ name: 'http', port: 80, hostname, routes: ['HTTPRoute', 'GRPCRoute'], from: 'All' },
  ...more,
});
const hosts = (
  hostnames: readonly string[],
  listeners: readonly Listener[],
  { kind = 'HTTPRoute' as RouteKind, parent = {} as Partial<Parent> } = {},
) => {
  const route: Route = { namespace: 'shop', name: 'r', createdMs: 0, hostnames, parents: [] };
  const gateway: Gateway = {
    ...{ namespace: 'infra', name: 'g', className: 'c', listeners },
    targets: { addresses: [], hostnames: [] },
  };
  const reference = { namespace: 'infra', name: 'g', sectionName: undefined, port: undefined, ...parent };
  return servedHosts(kind, route, reference, gateway);
};

/** By what it shows: the host names of a route, that of a listener, and what they have in common. */
test.each<[string, string[], string | undefined, string[]]>([
  ['a listener for all names', ['a.example.', '*.b.example.'], undefined, ['a.example.', '*.b.example.']],
  ['a route for all names', [], '*.example.', ['*.example.']],
  ['no name at all', [], undefined, []],
  ['the same name', ['a.example.'], 'a.example.', ['a.example.']],
  ['another name', ['a.example.'], 'b.example.', []],
  ['a name below the wildcard', ['a.example.'], '*.example.', ['a.example.']],
  ['several labels below the wildcard', ['b.a.example.'], '*.example.', ['b.a.example.']],
  ['the name above the wildcard', ['example.'], '*.example.', []],
  ['a name that only ends in the same letters', ['an-example.'], '*.example.', []],
  ['a wildcard of the route', ['*.example.'], 'a.example.', ['a.example.']],
  ['two equal wildcards', ['*.example.'], '*.example.', ['*.example.']],
  ['the longer wildcard of the route', ['*.a.example.'], '*.example.', ['*.a.example.']],
  ['the longer wildcard of the listener', ['*.example.'], '*.a.example.', ['*.a.example.']],
  ['two wildcards without a common name', ['*.a.example.'], '*.b.example.', []],
])('%s', (_, hostnames, hostname, expected) => {
  expect(hosts(hostnames, [listener(hostname)])).toEqual(expected);
});

const TWO = [listener('a.example.', { name: 'one', port: 80 }), listener('b.example.', { name: 'two', port: 81 })];

test('all listeners count, or those that the reference names', () => {
  expect(hosts([], TWO)).toEqual(['a.example.', 'b.example.']);
  expect(hosts([], TWO, { parent: { sectionName: 'two' } })).toEqual(['b.example.']);
  expect(hosts([], TWO, { parent: { port: 80 } })).toEqual(['a.example.']);
  expect(hosts([], TWO, { parent: { sectionName: 'two', port: 80 } })).toEqual([]);
});

test('a listener admits kinds of routes, and namespaces', () => {
  expect(hosts(['a.example.'], [listener(undefined)], { kind: 'TLSRoute' })).toEqual([]);
  expect(hosts(['a.example.'], [listener(undefined, { from: 'Same' })])).toEqual([]);
  expect(
    hosts(['a.example.'], [listener(undefined, { from: 'Same' })], { parent: { namespace: 'shop' } }),
  ).toHaveLength(1);
  expect(hosts(['a.example.'], [listener(undefined, { from: 'None' })])).toEqual([]);
  expect(hosts(['a.example.'], [listener(undefined, { from: 'Selector' })])).toEqual(['a.example.']);
});
