import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const FOLDER = resolve(import.meta.dirname, '../.github/workflows');

/** The jobs that may change the repository: this one makes its release. */
const WRITERS = ['release.yml binary'];

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly steps?: readonly { readonly uses?: string; readonly with?: Readonly<Record<string, unknown>> }[];
}

const jobs = readdirSync(FOLDER).flatMap((file) => {
  const workflow = parse(readFileSync(resolve(FOLDER, file), 'utf8'));
  const all = Object.entries(workflow.jobs as Record<string, Job>);
  return all.map(([name, job]) => ({ place: `${file} ${name}`, allowed: workflow.permissions, job }));
});

test.each(jobs)('$place takes others as they were at one commit, and may do what it says and no more', (each) => {
  const { permissions, uses, steps = [] } = each.job;
  expect(each.allowed).toEqual({});
  expect(permissions?.contents).toBe(WRITERS.includes(each.place) ? 'write' : 'read');
  for (const used of [uses, ...steps.map((step) => step.uses)]) {
    if (used !== undefined) expect(used).toMatch(/^\.\/|@[0-9a-f]{40}$/);
  }
  for (const step of steps) {
    if (step.uses?.startsWith('actions/checkout@')) expect(step.with?.['persist-credentials']).toBe(false);
  }
});
