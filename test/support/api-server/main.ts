/**
 * The stand-in as a program of its own: `node test/support/api-server/main.ts FILE [PORT]`. FILE is JSON, a List or one
 * object a line. It prints its URL on a line, and then does what the lines on its input say: `{"put":OBJECT}`,
 * `{"remove":[KIND,NAMESPACE,NAME]}`, `{"set":SWITCHES}`, `{"compact":true}`. It ends with its input.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Command, obey } from './commands.ts';
import type { KubernetesObject } from './objects.ts';
import { startApiServer } from './server.ts';

const [file, port = '0'] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: main.ts FILE [PORT]');
const api = await startApiServer({ objects: readObjects(readFileSync(file, 'utf8')), port: Number(port) });
process.stdout.write(`${api.url}\n`);
for await (const line of createInterface({ input: process.stdin })) await obey(api, JSON.parse(line) as Command);
await api.close();

function readObjects(text: string): KubernetesObject[] {
  if (/^\s*\{\s*"apiVersion"\s*:\s*"v1"\s*,\s*"kind"\s*:\s*"List"/.test(text)) return JSON.parse(text).items;
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}
