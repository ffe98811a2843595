import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { get, names, openWatch, service } from './client.ts';

const objects = [service('a'), service('b')];

test.each([
  ['a List', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })],
  ['lines', objects.map((object) => `${JSON.stringify(object)}\n`).join('')],
])('serves the objects of a file as %s, and obeys its input', async (_, text) => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-api-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'objects'), text);
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'main.ts'), join(folder, 'objects')]);
  onTestFinished(() => void child.kill());
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  const list = `${url}/api/v1/services`;
  expect(names((await get(list)).body)).toBe('a b');

  const say = (command: object) => child.stdin.write(`${JSON.stringify(command)}\n`);
  const watch = await openWatch(`${list}?watch=1&resourceVersion=3`);
  say({ put: service('c') });
  say({ remove: ['Service', 'shop', 'a'] });
  say({ compact: true });
  expect(await watch.events(2)).toBe('ADDED c@4, DELETED a@5');
  child.stdin.end();
  expect(await once(child, 'close')).toEqual([0, null]);
});
