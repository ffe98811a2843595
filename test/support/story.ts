/*
 * Pages of documentation as a reader follows them. A block whose first line is a comment with a path is a file, a `diff` block changes one, and a
 * `console` block has commands with what they print; a line `...` stands for anything.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { run } from './tools.ts';

export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'change'; readonly path: string; readonly before: string; readonly after: string }
  | { readonly kind: 'command'; readonly line: string; readonly prints: string };

/** What a reader does below one heading. */
export interface Story {
  readonly title: string;
  readonly steps: readonly Step[];
}

const BLOCK = /^```(\w+)\n(.*?)^```$/gms;
const PATH = /^(?:\/\/|#) ([\w./-]+\.\w+|Corefile)\n/;

/** The steps of a page, or of a part of it. */
export function stepsOf(page: string): Step[] {
  return [...page.matchAll(BLOCK)].flatMap(([, language, text = '']): Step[] => {
    if (language === 'console') return commandsIn(text);
    if (language === 'diff') return [changeIn(text)];
    const path = PATH.exec(text)?.[1];
    return path === undefined ? [] : [{ kind: 'file', path, text }];
  });
}

/** The sections of a page that have steps; each begins with the steps above all of them. */
export function storiesOf(page: string): Story[] {
  const [intro = '', ...sections] = page.split(/^## /m);
  return sections
    .map((section) => ({ title: section.slice(0, section.indexOf('\n')), steps: stepsOf(section) }))
    .filter(({ steps }) => steps.length > 0)
    .map(({ title, steps }) => ({ title, steps: [...stepsOf(intro), ...steps] }));
}

function commandsIn(text: string): Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((command) => {
      const end = command.indexOf('\n');
      return { kind: 'command', line: command.slice(0, end), prints: command.slice(end + 1) };
    });
}

function changeIn(text: string): Step {
  const path = PATH.exec(text.slice(1))?.[1];
  if (path === undefined) throw new Error(`the first line of a diff names its file:\n${text}`);
  const lines = text.split('\n').slice(1, -1);
  const side = (left: string) =>
    lines
      .filter((line) => !line.startsWith(left))
      .map((line) => `${line.slice(1)}\n`)
      .join('');
  return { kind: 'change', path, before: side('+'), after: side('-') };
}

/** Does what a story says, in a folder. `perform` runs a command of the shell. @throws AssertionError if a command prints something else */
export async function follow(
  { steps }: Story,
  folder: string,
  perform: (line: string) => ReturnType<typeof run>,
): Promise<void> {
  for (const step of steps) {
    if (step.kind === 'file') write(join(folder, step.path), step.text);
    if (step.kind === 'change') change(join(folder, step.path), step);
    if (step.kind !== 'command') continue;
    const { code, stdout, stderr } = await perform(step.line);
    expectPrinted(step, stdout + stderr);
    expect(code === 0, `$ ${step.line}\nends with the status ${code}\n${stdout}${stderr}`).toBe(
      !FAILS.test(step.prints),
    );
  }
}

function write(path: string, text: string): void {
  if (/\.ya?ml$/.test(path)) for (const { errors } of parseAllDocuments(text)) expect(errors).toEqual([]);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function change(path: string, { before, after }: { readonly before: string; readonly after: string }): void {
  const parts = readFileSync(path, 'utf8').split(before);
  expect(parts, `${path} has once:\n${before}`).toHaveLength(2);
  writeFileSync(path, parts.join(after));
}

/** What shows a reader that a command ends with another status than 0. */
const FAILS = /\bfailed\b|\bFAIL\b|^(?:Caused by: )?\w*Error: /m;

/** Times differ in each run. */
const plain = (text: string) =>
  text
    .split('\n')
    .map((line) => line.replaceAll(/ *\b\d+(?:\.\d+)? ?m?s\b/g, ' TIME').trimEnd())
    .join('\n');

function expectPrinted({ line, prints }: { readonly line: string; readonly prints: string }, output: string): void {
  const printed = plain(output);
  let from = 0;
  for (const part of plain(prints).split(/^\.\.\.$/m)) {
    const text = part.replace(/^\n/, '').replace(/\n$/, '');
    const at = printed.indexOf(text, from);
    expect(at, `$ ${line}\nshould print\n${text}\n\nbut printed\n${printed}`).toBeGreaterThanOrEqual(0);
    from = at + text.length;
  }
}
