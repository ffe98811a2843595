import { expect, test } from 'vitest';
import { findConflicts } from './conflict.ts';
import { parseServerKey } from './key.ts';
import { lex } from './lexer.ts';

/** One claim a line: keys, then `@ADDRESS` for each bound address and `view` for a filter. */
function conflictsOf(text: string): string[] {
  const claims = text.split('\n').map((line, i) => {
    const { tokens } = lex('\n'.repeat(i) + line);
    const isKey = (word: string) => word !== 'view' && !word.startsWith('@');
    return {
      keys: tokens.filter(({ text }) => isKey(text)).flatMap((token) => parseServerKey(token)),
      addresses: tokens.filter(({ text }) => text.startsWith('@')).map(({ text }) => text.slice(1)),
      filtered: tokens.some(({ text }) => text === 'view'),
    };
  });
  return findConflicts(claims).map(({ message }) => message);
}

test.each([
  ['two listeners and two zones', '.:53\ntls://.:853\nexample.org'],
  ['other ports', '.:53\n.:54'],
  ['other addresses', '. @127.0.0.1\n. @127.0.0.2'],
  ['views share a zone', '. view\n. view\n.'],
  ['a view behind the block without one', '.\n. view'],
  ['a bound zone and another zone', '. @127.0.0.1\nexample.org'],
])('%s', (_, text) => {
  expect(conflictsOf(text)).toEqual([]);
});

const inspecting = (place: string) =>
  `Corefile:${place} - Error during parsing: error inspecting server blocks: cannot serve`;

test.each([
  ['.:53\n.:53', `${inspecting('2:1')} dns://.:53 - it is already defined, at Corefile:1:1`],
  ['.:53\n.', `${inspecting('2:1')} dns://.:53 - it is already defined, at Corefile:1:1`],
  ['a.org b.org A.org', `${inspecting('1:13')} dns://a.org.:53 - it is already defined, at Corefile:1:1`],
  ['. @::1\n. @::1', `${inspecting('2:1')} dns://.:53 on ::1 - it is already defined, at Corefile:1:1`],
  ['.\n. view\n.', `${inspecting('3:1')} dns://.:53 - it is already defined, at Corefile:1:1`],
  [
    '. @127.0.0.1\n.',
    `${inspecting('2:1')} dns://.:53 on 127.0.0.1 - zone overlap listener capacity with dns://.:53, at Corefile:1:1`,
  ],
  [
    '.\n. @127.0.0.1',
    `${inspecting('2:1')} dns://.:53 on 127.0.0.1 - zone overlap listener capacity with dns://.:53, at Corefile:1:1`,
  ],
])('%j', (text, message) => {
  expect(conflictsOf(text)).toEqual([message]);
});
