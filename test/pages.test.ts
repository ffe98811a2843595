import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { FAULTS, Stage } from './support/faults.ts';
import { pages, type Step, stepsOf } from './support/pages.ts';
import { PATIENT } from './support/patience.ts';
import { Reader } from './support/reader.ts';
import { canRun } from './support/tools.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** Commands that no test types, and why. */
const UNTYPED: readonly (readonly [RegExp, string])[] = [
  [/^(?:kubectl|kubeadm|kind|helm|aws|k3s)\b/, 'needs a cluster'],
  [/^deploy\/kind\/try\.sh/, 'needs a cluster'],
  [/^(?:docker|ctr|crictl)\b/, 'needs a container engine'],
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

/** Its faults are made for its commands. */
const PAGE_OF_FAULTS = 'docs/names-fail.md';

/** Programs that a machine may lack, and how they say that they are there. */
const TOOLS: Readonly<Record<string, string>> = { dig: '-v' };
const missing = new Set(Object.keys(TOOLS).filter((tool) => !canRun(tool, [TOOLS[tool]!])));

/** As a test types a command of a page: packages are installed, the command is that of the sources, and the admin interface is at the port of the test. */
const asTyped = (command: string) =>
  command
    .replace(/^npm ci && /, '')
    .replaceAll(/\bnpx cairn\b/g, 'cairn')
    .replace(/^cairn (?:status|explain|tail|top|cache)\b(?!.* --admin ).*/, '$& --admin localhost:9154');

const isServer = (command: string) => /^(?:npm start|cairn (?:-plugin \S+ )?-conf \S+)$/.test(command);
/** What may have to be asked again until a server has read a changed file. */
const isQuestion = (command: string) => /^(?:dig|cairn lookup)\b/.test(command) || isReport(command);
/** What prints the state of a running server. Where its lines end depends on the lengths of addresses. */
const isReport = (command: string) => /^cairn (?:status|explain|tail|top|cache)\b/.test(command);

/** Leaves out what differs from one run, or one machine, to the next. */
function lasting(text: string): string {
  return text
    .replaceAll(/ +[\d.]+ ms/g, ' # ms')
    .replaceAll(/(?<=read udp 127\.0\.0\.1:)\d+(?=->)/g, '#')
    .trim();
}

/** As {@link lasting}, without times, counts of queries, and TTLs. */
function lastingReport(text: string): string {
  return lasting(text)
    .replaceAll(/^ +≤?\d+ {2}(?=\S+$)/gm, '# ')
    .replaceAll(/(?<=\b[A-Za-z]+ )\d+(?=,|$)/gm, '#')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, '#')
    .replaceAll(/\b(?:[\d.#]+ (?:ms|s|min|h)\b ?)+/g, '# s ')
    .replaceAll(/\b[\d.,]+ (?=(?:quer\w+|hits?|a second|IN)\b)/g, '# ')
    .replaceAll(/(?<=\b(?:REFUSED|SERVFAIL|NXDOMAIN|NOERROR) \d+ )[\d.]+(?= )/g, '#');
}

/** The text of a page if that agrees with what was printed, and what was printed if not. In the page, … stands for what is left out. */
function printed(output: string, shown: string): string {
  const [first = '', ...rest] = shown.split('…');
  const last = rest.pop();
  if (last === undefined || !output.startsWith(first) || !output.endsWith(last)) return output;
  let end = first.length;
  for (const part of rest) {
    const at = output.indexOf(part, end);
    if (at < 0) return output;
    end = at + part.length;
  }
  return end + last.length <= output.length ? shown : output;
}

async function follow(reader: Reader, step: Step, stage?: Stage): Promise<void> {
  if ('file' in step) return reader.save(step.file, step.text);
  const command = asTyped(step.command);
  await stage?.perform(command);
  if (reasonFor(command) !== undefined || missing.has(command.split(' ')[0]!)) return;
  if (isServer(command)) return reader.serve(command);
  const check = async () => {
    const { status, output } = await reader.type(command);
    if (step.output === undefined) expect({ command, output, status }).toMatchObject({ status: 0 });
    else if (isReport(command)) {
      const shown = lastingReport(step.output);
      expect(printed(lastingReport(output), shown), `$ ${command}\n${output}`).toBe(shown);
    } else expect(`$ ${command}\n${lasting(output)}`).toBe(`$ ${command}\n${lasting(step.output)}`);
  };
  if (isQuestion(command)) await vi.waitFor(check, { ...PATIENT, interval: 200 });
  else await check();
}

const commands = pages.flatMap((page) => stepsOf(page).flatMap((step) => ('command' in step ? [step.command] : [])));

describe.concurrent('the commands of pages', () => {
  const withCommands = pages
    .filter((page) => !OTHERS.test(page) && page !== PAGE_OF_FAULTS)
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

describe(PAGE_OF_FAULTS, () => {
  const steps = stepsOf(PAGE_OF_FAULTS);

  test('each command that a test can type is in the section of a fault', () => {
    const typed = steps.filter((step) => 'command' in step && reasonFor(asTyped(step.command)) === undefined);
    expect([...new Set(typed.map(({ section }) => section))]).toEqual(Object.keys(FAULTS));
  });

  test.each(Object.entries(FAULTS))('%s: the commands show the fault, and that it is over', async (section, fault) => {
    await using stage = await Stage.create(fault);
    await stage.begin();
    for (const step of steps.filter((step) => step.section === section)) await follow(stage.reader, step, stage);
    expect(stage.performed).toEqual(Object.keys(fault.commands ?? {}));
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
