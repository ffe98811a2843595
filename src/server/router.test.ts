import { expect, test } from 'vitest';
import { parseType } from '../dns/rr.ts';
import { createReply } from '../plugin/reply.ts';
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
  expect(routerOf(...zones).route(name, parseType(type)!)?.zone).toBe(expected);
});
