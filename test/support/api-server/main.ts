/**
 * The stand-in as a program of its own: `node test/support/api-server/main.ts FILE [PORT]`. FILE is JSON, a List or one
 * object a line. It prints its URL on a line, and then does what the lines on its input say: `{"put":OBJECT}`,
 * `{"remove":[KIND,NAMESPACE,NAME]}`, `{"set":SWITCHES}`, `{"compact":true}`. It ends with its input.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { KubernetesObject } from './objects.ts';
import { startApiServer } from './server.ts';
import type { Switches } from './switches.ts';

interface Command {
  readonly put?: KubernetesObject;
  readonly remove?: readonly [kind: string, namespace: string, name: string];
  readonly set?: Partial<Switches>;
  readonly compact?: boolean;
}

const [file, port = '0'] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: main.ts FILE [PORT]');
const api = await startApiServer({ objects: readObjects(readFileSync(file, 'utf8')), port: Number(port) });
process.stdout.write(`${api.url}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { put, remove, set, compact } = JSON.parse(line) as Command;
  if (put) api.put(put);
  if (remove) api.remove(...remove);
  if (set) await api.set(set);
  if (compact) api.compact();
}
await api.close();

function readObjects(text: string): KubernetesObject[] {
  if (/^\s*\{\s*"apiVersion"\s*:\s*"v1"\s*,\s*"kind"\s*:\s*"List"/.test(text)) return JSON.parse(text).items;
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}
