import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** In a process of its own, as it is about the memory of a process. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { releaseStartMemory } from '${resolve(import.meta.dirname, 'start-memory.ts')}';
const resident = (kind) => Number(new RegExp('^Rss' + kind + ':\\\\s+(\\\\d+) kB$', 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1]);
await import('koffi');
let list = Array.from({ length: 300_000 }, (_, i) => ({ name: 'object-' + i }));
const before = { files: resident('File'), own: resident('Anon') };
list = undefined;
await releaseStartMemory();
const after = { files: resident('File'), own: resident('Anon') };
const works = JSON.stringify(Array.from({ length: 10_000 }, (_, i) => /(\\d)\\1/.exec(String(i))?.[0])).length > 0;
console.log(JSON.stringify({ files: after.files / before.files, own: after.own / before.own, works, hasGc: 'gc' in globalThis }));
`;

test.runIf(process.platform === 'linux')(
  'pages of the program and garbage that only the start has needed are given back',
  () => {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], { encoding: 'utf8' });
    const { files, own, works, hasGc } = JSON.parse(output);
    expect(files).toBeLessThan(0.7);
    expect(own).toBeLessThan(0.7);
    expect(works).toBe(true);
    expect(hasGc).toBe(false);
  },
);
