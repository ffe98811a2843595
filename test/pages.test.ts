import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { pages, type Step, stepsOf } from './support/pages.ts';
import { PATIENT } from './support/patience.ts';
import { Reader } from './support/reader.ts';
import { canRun } from './support/tools.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** Commands that no test types, and why. */
const UNTYPED: readonly (readonly [RegExp, string])[] = [
  [/^(?:kubectl|kubeadm|kind|helm|aws|k3s)\b/, 'needs a cluster'],
  [/^deploy\/kind\/try\.sh/, 'needs a cluster'],
  [/^(?:docker|ctr)\b/, 'needs a container engine'],
  [/^(?:ip|nft|install|systemctl)\b/, 'changes the machine'],
  [/^(?:npm (?:install|pack|config)|tar)\b/, 'needs a registry; npm run check:package packs and installs'],
  [/^(?:npm run build|npm test|cd)\b/, 'builds the package; tests in test/e2e run the examples with a built one'],
  [/\bbench\b/, 'takes minutes'],
  [/^cairn -plugin @/, 'names a package that is only an example; test/e2e/plugin-package.test.ts loads one'],
  [/^cairn lookup web -n shop --(?:corefile Corefile|kubeconfig \S+) --trace$/, 'needs a kubeconfig'],
];
const reasonFor = (command: string) => UNTYPED.find(([pattern]) => pattern.test(command))?.[1];
/** Pages whose commands are about files and programs of the reader: test runners, examples of the help, reports. They have tests of their own. */
const OTHERS = /^docs\/(?:testing\S*|commands|check)\.md$/;

/** Programs that a machine may lack, and how they say that they are there. */
const TOOLS: Readonly<Record<string, string>> = { dig: '-v' };
const missing = new Set(Object.keys(TOOLS).filter((tool) => !canRun(tool, [TOOLS[tool]!])));

/** As a test types a command of a page: packages are installed, and the command is that of the sources. */
const asTyped = (command: string) =>
  command
    .replace(/^npm ci && /, '')
    .replaceAll(/\bnpx cairn\b/g, 'cairn')
    // So that the reader's port can take the place of the default.
    .replace(/^cairn (?:status|tail|top|explain|cache \w+)\b(?!.*--admin)/, '$& --admin localhost:9154');

const isServer = (command: string) => /^(?:npm start|cairn (?:-plugin \S+ )?-conf \S+)$/.test(command);
/** What may have to be asked again until a server has read a changed file. */
const isQuestion = (command: string) => /^(?:dig|cairn (?:lookup|explain))\b/.test(command);

/** Leaves out what differs from one run, or one machine, to the next. */
function lasting(text: string): string {
  return text
    .replaceAll(/ +[\d.]+ ms/g, ' … ms')
    .replaceAll(/(?<=read udp 127\.0\.0\.1:)\d+(?=->)/g, '…')
    .trim();
}

async function follow(reader: Reader, step: Step): Promise<void> {
  if ('file' in step) return reader.save(step.file, step.text);
  const command = asTyped(step.command);
  if (reasonFor(command) !== undefined || missing.has(command.split(' ')[0]!)) return;
  if (isServer(command)) return reader.serve(command);
  const check = async () => {
    const { status, output } = await reader.type(command);
    if (step.output === undefined) expect({ command, output, status }).toMatchObject({ status: 0 });
    else expect(`$ ${command}\n${lasting(output)}`).toBe(`$ ${command}\n${lasting(step.output)}`);
  };
  if (isQuestion(command)) await vi.waitFor(check, { ...PATIENT, interval: 200 });
  else await check();
}

const commands = pages.flatMap((page) => stepsOf(page).flatMap((step) => ('command' in step ? [step.command] : [])));

describe.concurrent('the commands of pages', () => {
  const withCommands = pages
    .filter((page) => !OTHERS.test(page))
    .filter((page) =>
      stepsOf(page).some((step) => 'command' in step && reasonFor(asTyped(step.command)) === undefined),
    );

  test('those of the README and of the tutorial are typed', () => {
    expect(withCommands).toEqual(expect.arrayContaining(['README.md', 'docs/tutorial.md']));
  });

  test.each(withCommands)('those of %s do what it says', async (page) => {
    await using reader = await Reader.create();
    for (const step of stepsOf(page)) await follow(reader, step);
  });
});

test.each(UNTYPED)('a page has a command that no test types: %s', (pattern) => {
  expect(commands.filter((command) => pattern.test(asTyped(command)))).not.toEqual([]);
});

test('the index lists every page of docs, and every page of deploy and examples', () => {
  const index = readFileSync(join(ROOT, 'docs/README.md'), 'utf8');
  const linked = [...index.matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => relative(ROOT, join(ROOT, 'docs', link!)));
  const listed = linked.map((path) => (path.endsWith('.md') ? path : join(path, 'README.md')));
  const others = ['README.md', 'docs/README.md'];
  expect(pages.filter((page) => !others.includes(page) && !listed.includes(page))).toEqual([]);
});

test('every picture of docs is in a page, with a text for those who do not see it', () => {
  const shown = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/!\[([^\]]+)\]\(([^)]+)\)/g)].map(([, , link]) =>
      relative(ROOT, resolve(ROOT, dirname(page), link!)),
    ),
  );
  expect(globSync('docs/**/*.svg', { cwd: ROOT }).filter((picture) => !shown.includes(picture))).toEqual([]);
});
