import { expect, test } from 'vitest';
import { programBeside } from './program.ts';

test.each([
  ['in the sources', 'file:///a/src/link.ts', 'file:///a/src/worker.ts'],
  ['in the bundle', 'file:///a/bin/server-1a2b.js', 'file:///a/bin/worker.js'],
  ['in the library', 'file:///a/dist/server-1a2b.cjs', 'file:///a/dist/worker.js'],
])('a program is found %s', (_, module, program) => {
  expect(programBeside(module, 'worker').href).toBe(program);
});
