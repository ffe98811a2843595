import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canPlayPod, runInPod } from '../interop/node-dns/pod.ts';
import { follow } from '../support/follow.ts';
import { makePackageFolder, withRealNode } from '../support/package-folder.ts';
import { type Story, stepsOf, storiesOf } from '../support/story.ts';
import { canRun, run } from '../support/tools.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const pageOf = (name: string) => readFileSync(join(ROOT, 'docs', name), 'utf8');

/** Commands that no test runs, and why. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [[/^npm (?:i|install) /, 'a package registry is a network']];

/** Recipes of which a test only reads the YAML, and why. */
const NOT_PLAYED = new Map([
  ['Containers: docker, podman, testcontainers', 'needs a container runtime, an image of a registry and port 53'],
  ['Containers: docker compose', 'needs a container runtime and images of a registry'],
  ['CI systems', 'needs a CI system'],
]);

/** What commands need that not every machine has. Programs that no CI of this repository has are optional there, too. */
const NEEDS: readonly (readonly [RegExp, () => boolean])[] = [
  [/\bcairn run\b/, () => canPlayPod],
  [/\bgo (?:test|build)\b/, () => canRun('go', ['version'])],
  [/\bpytest\b/, () => isOnPath('pytest')],
  [/\bjava\b/, () => isOnPath('java')],
  [/\bkubectl\b/, () => isOnPath('kubectl')],
  [/\bjest\b/, () => ['jest', 'ts-jest'].every((name) => existsSync(join(ROOT, 'node_modules', name)))],
];

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

const RECIPES = pageOf('testing-recipes.md');
const [recipesIntro = ''] = RECIPES.split(/^## /m);
const [, onCairnRun = ''] = pageOf('testing-reference.md').split(/^(?=## The command cairn run)/m);
const STORIES: readonly Story[] = [
  { title: 'The tutorial', steps: stepsOf(pageOf('testing.md')) },
  ...storiesOf(RECIPES),
  { title: 'The command cairn run', steps: [...stepsOf(recipesIntro), ...stepsOf(onCairnRun)] },
];

let folder: string;
beforeAll(async () => {
  folder = await makePackageFolder();
  mkdirSync(join(folder, 'bin'));
  const cairn = `#!/bin/sh\nexec ${process.execPath} ${join(ROOT, 'src/cli/main.ts')} "$@"\n`;
  writeFileSync(join(folder, 'bin/cairn'), cairn);
  chmodSync(join(folder, 'bin/cairn'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('recipes that are not played exist', () => {
  expect([...NOT_PLAYED.keys()].filter((title) => !STORIES.some((story) => story.title === title))).toEqual([]);
});

describe('what the pages of the test kit say comes about:', () => {
  test.for(STORIES)('$title', async (story, { skip }) => {
    const missing = NEEDS.filter(([needing, has]) => commandsOf(story).some((line) => needing.test(line)) && !has());
    skip(missing.length > 0);
    const place = placeOf(story.title);
    const why = NOT_PLAYED.get(story.title);
    if (why !== undefined) await follow(story, place, async () => ({ code: 0, stdout: '', stderr: '' }));
    skip(why !== undefined, why);
    await follow(withTests(story), place, (line) => perform(line, place, run));
  });
});

/** What needs the kit's own pods, or a process that is one of them. */
const ONLY_IN_THE_KIT = /cluster\.(?:queries|fail|delay|install|listen)\(|'cairn-dns\/testing\/expect'|image: '/;

describe.runIf(canPlayPod)("with Node's own resolvers, in the namespaces of a pod, it does as well:", () => {
  const texts = (story: Story) => story.steps.flatMap((step) => (step.kind === 'file' ? [step.text] : []));
  const real = STORIES.filter(
    (story) =>
      texts(story).some((text) => /\.pod\(/.test(text)) && !texts(story).some((text) => ONLY_IN_THE_KIT.test(text)),
  ).filter((story) => !commandsOf(story).some((line) => /\b(?:tsc|kubectl)\b/.test(line)));

  test('there are such recipes', () => expect(real.length).toBeGreaterThan(2));

  test.for(real)('$title', async (story) => {
    const place = placeOf(`real ${story.title}`);
    withRealNode(place);
    const inPod = (program: string, args: readonly string[]) => runInPod({}, place, program, ...args);
    await follow(withTests(story), place, (line) => perform(line, place, inPod));
  });
});

function placeOf(title: string): string {
  const place = join(folder, title.replaceAll(/\W/g, '-'));
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{}');
  return place;
}

function commandsOf({ steps }: Story): string[] {
  return steps.flatMap((step) => (step.kind === 'command' ? [step.line] : []));
}

/** A recipe without a command is run by vitest. */
function withTests(story: Story): Story {
  if (commandsOf(story).length > 0) return story;
  return { ...story, steps: [...story.steps, { kind: 'command', line: 'npx vitest run', prints: '' }] };
}

async function perform(line: string, cwd: string, runIn: typeof run) {
  if (NOT_RUN.some(([command]) => command.test(line))) return { code: 0, stdout: '', stderr: '' };
  const path = `${join(folder, 'bin')}:${join(folder, 'node_modules/.bin')}:${process.env.PATH}`;
  // npx would ask a registry for what is in a folder above; the time limits of the test runners are too short for a busy machine.
  const local = line.replaceAll(/\bnpx /g, '').replace(/^(?:vitest run|jest)\b/, '$& --testTimeout=120000');
  const script = `{ ${local}; } 2>&1`;
  const without = ['NODE_OPTIONS', 'FORCE_COLOR', 'CI', 'NODE_ENV'].flatMap((name) => ['-u', name]);
  return runIn('env', [...without, 'NO_COLOR=1', `PATH=${path}`, 'sh', '-c', script], { cwd });
}
