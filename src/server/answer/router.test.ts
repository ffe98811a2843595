import { expect, test } from 'vitest';
import { testQuery } from '../../../test/support/query.ts';
import { parseType } from '../../dns/rr.ts';
import type { Query } from '../../plugin/query.ts';
import { createReply } from '../../plugin/reply.ts';
import { Router } from './router.ts';

const BLOCK = { handler: () => createReply(''), observers: [], recursion: false };
const EMPTY = { ...BLOCK, handler: undefined };

function routerOf(...zones: string[]): Router {
  const router = new Router();
  for (const zone of zones) router.add(zone.replace('!', ''), zone.startsWith('!') ? EMPTY : BLOCK);
  return router;
}

const ZONES = ['.', 'example.org.', 'a.example.org.'];

test.each([
  [ZONES, 'x.a.example.org. A', 'a.example.org.'],
  [ZONES, 'a.example.org. A', 'a.example.org.'],
  [ZONES, 'example.org. A', 'example.org.'],
  [ZONES, 'myexample.org. A', '.'],
  [ZONES, '. NS', '.'],
  [ZONES, 'x\\.example.org. A', '.'],
  [['example.org.'], 'example.com. A', undefined],
  [ZONES, 'a.example.org. DS', 'example.org.'],
  [ZONES, 'x.a.example.org. DS', 'a.example.org.'],
  [ZONES, 'example.org. DS', 'example.org.'],
  [['example.org.'], 'example.org. DS', 'example.org.'],
  [['!.', 'example.org.'], 'example.com. A', undefined],
  [['.', '!example.org.'], 'x.example.org. A', 'example.org.'],
])('with the zones %j, %s goes to %s', (zones, question, expected) => {
  const [name, type] = question.split(' ') as [string, string];
  expect(routerOf(...zones).route(name, parseType(type)!, () => testQuery(name))?.zone).toBe(expected);
});

test('of the blocks of one zone the first that wants the query has it, else a block of a zone above', () => {
  const router = new Router();
  const wanting = (text: string) => ({
    ...BLOCK,
    selects: ({ name, zone }: Query) => `${zone} ${name}`.includes(text),
  });
  const [a, b, any] = [wanting('. a.'), wanting('b'), { ...BLOCK }];
  router.add('.', any);
  router.add('test.', a);
  router.add('test.', b);
  const route = (name: string, type = 1) => router.route(name, type, (zone) => ({ ...testQuery(name), zone }));
  expect(route('a.b.test.')).toEqual({ zone: 'test.', block: a, isSelected: true });
  expect(route('b.test.')).toEqual({ zone: 'test.', block: b, isSelected: true });
  expect(route('c.test.')).toEqual({ zone: '.', block: any, isSelected: true });
  expect(route('a.org.')).toEqual({ zone: '.', block: any });
});

test('DS that another client would get from elsewhere depends on the client, too', () => {
  const router = new Router();
  const never = { ...BLOCK, selects: () => false };
  router.add('.', BLOCK);
  router.add('org.', never);
  router.add('a.org.', BLOCK);
  expect(router.route('a.org.', 43, () => testQuery('a.org. DS'))).toEqual({
    zone: 'a.org.',
    block: BLOCK,
    isSelected: true,
  });
});
