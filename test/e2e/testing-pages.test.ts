import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { canPlayPod } from '../interop/node-dns/pod.ts';
import { makePackageFolder } from '../support/package-folder.ts';
import { follow, type Story, stepsOf, storiesOf } from '../support/story.ts';
import { canRun, run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const pageOf = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8');

/** Commands that no test runs, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [[/^npm (?:i|install) /, 'a package registry is a network']];

/** What commands need that not every machine has. */
const NEEDS: readonly (readonly [RegExp, () => boolean])[] = [
  [/\bcairn run\b/, () => canPlayPod],
  [/\bpytest\b/, () => canRun('pytest', ['--version'])],
  [/\bgo (?:test|build)\b/, () => canRun('go', ['version'])],
  [/\bjava\b/, () => canRun('java', ['-version'])],
  [/\bjest\b/, () => existsSync(join(ROOT, 'node_modules/jest'))],
];

const STORIES: readonly Story[] = [
  { title: 'the tutorial', steps: stepsOf(pageOf('testing.md')) },
  ...storiesOf(pageOf('testing-recipes.md')),
];

let folder: string;
beforeAll(() => {
  folder = makePackageFolder();
  mkdirSync(join(folder, 'bin'));
  const cairn = `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'src/cli/main.ts')} "$@"\n`;
  writeFileSync(join(folder, 'bin/cairn'), cairn);
  chmodSync(join(folder, 'bin/cairn'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what the pages of the test kit say comes about:', () => {
  test.for(STORIES)('$title', async (story, { skip }) => {
    const lines = story.steps.flatMap((step) => (step.kind === 'command' ? [step.line] : []));
    for (const [needing, has] of NEEDS) skip(lines.some((line) => needing.test(line)) && !has());
    const place = join(folder, story.title.replaceAll(/\W/g, '-'));
    mkdirSync(place);
    writeFileSync(join(place, 'package.json'), '{}');
    await follow(withTests(story), place, (line) => perform(line, place));
  });
});

/** A recipe without a command is run by vitest. */
function withTests(story: Story): Story {
  if (story.steps.some(({ kind }) => kind === 'command')) return story;
  return { ...story, steps: [...story.steps, { kind: 'command', line: 'npx vitest run', prints: '...\n 1 passed' }] };
}

async function perform(line: string, cwd: string) {
  if (NOT_RUN.some(([command]) => command.test(line))) return { code: 0, stdout: '', stderr: '' };
  const path = `${join(folder, 'bin')}:${join(folder, 'node_modules/.bin')}:${process.env.PATH}`;
  // npx would ask a registry for what is in a folder above.
  const script = `{ ${line.replaceAll(/\bnpx /g, '')}; } 2>&1`;
  const without = ['NODE_OPTIONS', 'FORCE_COLOR', 'CI', 'NODE_ENV'].flatMap((name) => ['-u', name]);
  return run('env', [...without, 'NO_COLOR=1', `PATH=${path}`, 'sh', '-c', script], { cwd });
}
