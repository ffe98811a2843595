import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Story } from './story.ts';
import type { run } from './tools.ts';

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
