import { expect, test } from 'vitest';
import { turnsDuring } from '../../test/support/turns.ts';
import { readZone } from './read.ts';

test('others have their turn while a large zone is read', async () => {
  const records = Array.from({ length: 30_000 }, (_, i) => `n${i} A 10.0.${i >> 8}.${i & 255}`);
  const text = ['$TTL 60', '@ SOA ns h 1 2 3 4 5', '@ NS ns', ...records].join('\n');
  const { turns, result } = await turnsDuring(() => readZone('example.org.', 'db', text));
  expect(turns).toBeGreaterThan(2);
  expect(result.size).toBe(30_002);
});

test('a mistake anywhere is a rejection that names its line', async () => {
  const text = '$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ A 192.0.2.256\n';
  await expect(readZone('example.org.', 'db', text)).rejects.toThrow(/^db:3: /);
});
