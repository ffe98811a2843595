import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { diskFiles } from './files.ts';
import { globFiles, isAllowedGlob, isGlob } from './glob.ts';

const FILES = memoryFiles({
  Corefile: '',
  'custom/b.override': '',
  'custom/a.override': '',
  'custom/a.server': '',
  'custom/a+b': '',
  'custom/..data/a.override': '',
  'custom/.hidden.override': '',
  'custom/folder.override/x': '',
  'zones/one/zone.conf': '',
  'zones/two/zone.conf': '',
  'zones/three/': '',
  '/etc/coredns/x.server': '',
});

test.each([
  ['custom/*.override', ['custom/a.override', 'custom/b.override']],
  ['custom/*', ['custom/a+b', 'custom/a.override', 'custom/a.server', 'custom/b.override']],
  ['custom/?.server', ['custom/a.server']],
  ['custom/?.o*', ['custom/a.override', 'custom/b.override']],
  ['custom/?+b', ['custom/a+b']],
  ['custom/.*.override', ['custom/.hidden.override']],
  ['zones/*/zone.conf', ['zones/one/zone.conf', 'zones/two/zone.conf']],
  ['*', ['Corefile']],
  ['/etc/coredns/*.server', ['/etc/coredns/x.server']],
  ['/etc/coredns/*.override', []],
  ['/nowhere/*', []],
])('%s', (pattern, expected) => {
  expect(globFiles(pattern, FILES)).toEqual(expected);
});

test.each([
  ['a', false, true],
  ['a*', true, true],
  ['a?', true, true],
  ['a*/b?', true, true],
  ['a**', true, false],
  ['*/*', true, false],
  ['??', true, false],
  ['[ab]', true, false],
])('%s: pattern %s, allowed %s', (pattern, glob, allowed) => {
  expect([isGlob(pattern), isAllowedGlob(pattern)]).toEqual([glob, allowed]);
});

test('the folder of a mounted ConfigMap holds only its keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'corefile-'));
  try {
    mkdirSync(join(folder, '..2026_01_01'));
    writeFileSync(join(folder, '..2026_01_01', 'a.server'), 'a.example { whoami }');
    symlinkSync('..2026_01_01', join(folder, '..data'));
    symlinkSync(join('..data', 'a.server'), join(folder, 'a.server'));
    symlinkSync('..data', join(folder, 'linked'));
    expect(globFiles(join(folder, '*'), diskFiles)).toEqual([join(folder, 'a.server')]);
    expect(diskFiles.read(join(folder, 'a.server')).text).toBe('a.example { whoami }');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
