import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

/** In a process of its own, as priorities cannot be raised again. */
const PROGRAM = `
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { yieldToQueries } from '${resolve(import.meta.dirname, 'background-threads.ts')}';
yieldToQueries();
const threads = readdirSync('/proc/self/task').map((id) => [readFileSync('/proc/self/task/' + id + '/comm', 'latin1').trim(), getPriority(Number(id))]);
console.log(JSON.stringify(threads));
`;

test.runIf(process.platform === 'linux')('only the threads of V8 have a lower priority', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], { encoding: 'utf8' });
  const threads: [string, number][] = JSON.parse(output);
  const own = Number(execFileSync(process.execPath, ['-p', 'os.getPriority()'], { encoding: 'utf8' }));
  const ofV8 = threads.filter(([name]) => name.endsWith('V8Worker'));
  expect(ofV8.length > 0 || Number(process.versions.node.split('.')[0]) < 24).toBe(true);
  for (const [name, nice] of threads)
    expect([name, nice]).toEqual([name, name.endsWith('V8Worker') ? Math.min(own + 10, 19) : own]);
});
