import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diskFiles } from '../../src/corefile/files.ts';
import { parseServerKey } from '../../src/corefile/key.ts';
import { type Corefile, parseCorefile } from '../../src/corefile/parser.ts';
import { printPosition } from '../../src/corefile/position.ts';
import { printCorefile } from '../../src/corefile/print.ts';
import { memoryFiles } from '../support/memory-files.ts';

const HERE = import.meta.dirname;

/**
 * A golden file: what it shows, then sections `-- NAME --`. `environment` has lines NAME=VALUE, `expected` what the
 * Corefile comes to: the normal form of its server blocks, then errors and warnings. All other sections are files.
 */
function readSections(text: string): Map<string, string> {
  const [, ...parts] = text.split(/^-- (.+) --\n/m);
  return new Map(Array.from({ length: parts.length / 2 }, (_, i) => [parts[2 * i]!, parts[2 * i + 1]!]));
}

function print({ blocks, errors, warnings }: Corefile): string {
  const errorLines = errors.map(({ message }) => `error: ${message}\n`);
  const warningLines = warnings.map(({ position, message }) => `warning: ${printPosition(position)} - ${message}\n`);
  return [printCorefile(blocks), ...errorLines, ...warningLines].join('');
}

describe('golden files', () => {
  const goldens = readdirSync(HERE).filter((name) => name.endsWith('.txt'));
  test.each(goldens)('%s', (name) => {
    const {
      Corefile: text,
      environment = '',
      expected,
      ...files
    } = Object.fromEntries(readSections(readFileSync(join(HERE, name), 'utf8')));
    const env = Object.fromEntries(environment.split('\n').map((line) => line.split('=', 2)));
    const corefile = parseCorefile({ file: 'Corefile', text: text!, env, files: memoryFiles(files) });
    expect(print(corefile)).toBe(expected);
  });
});

describe('Corefiles as distributions ship them', () => {
  const folder = join(HERE, 'distributions');
  test.each(readdirSync(folder))('%s', (name) => {
    const file = join(folder, name);
    const env = { CORP_DNS_1: '192.0.2.1', CORP_DNS_2: '192.0.2.2' };
    const corefile = parseCorefile({ file, text: readFileSync(file, 'utf8'), env, files: diskFiles });
    expect(corefile.errors).toEqual([]);
    expect(corefile.blocks.length).toBeGreaterThan(0);
    const imports = corefile.warnings.filter(({ message }) => !/^no files match the import '.*custom\//.test(message));
    expect(imports).toEqual([]);
    for (const key of corefile.blocks.flatMap(({ keys }) => keys)) expect(parseServerKey(key)).toHaveLength(1);
    const again = parseCorefile({ file, text: printCorefile(corefile.blocks), env: {}, files: diskFiles });
    expect(printCorefile(again.blocks)).toBe(printCorefile(corefile.blocks));
  });
});
