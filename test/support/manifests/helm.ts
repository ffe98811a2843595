import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { type Ran, run } from '../tools.ts';
import type { Manifest } from './kustomize.ts';

export const CHART = resolve(import.meta.dirname, '../../../deploy/helm/cairn');

/** Values as a user has them in a file. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * Whether there is a Helm that names the key that a schema does not know.
 *
 * @throws Error if there is none, where CAIRN_INTEROP=required says that no test may be left out.
 */
export function hasHelm(): boolean {
  try {
    if (/^v4\./.test(execFileSync('helm', ['version', '--short'], { encoding: 'utf8', stdio: 'pipe' }))) return true;
  } catch {}
  if (process.env.CAIRN_INTEROP === 'required') throw new Error('helm 4 is needed');
  return false;
}

/** Runs a command of Helm that takes the chart and values. */
export async function helm(args: readonly string[], values: Values, more: readonly string[] = []): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-helm-'));
  try {
    const file = join(folder, 'values.yaml');
    writeFileSync(file, stringify(values));
    return await run('helm', [...args, CHART, '-f', file, ...more]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The objects of a release `cairn` in kube-system, in the order in which Helm makes them. @throws Error with what Helm complains of. */
export async function template(values: Values): Promise<Manifest[]> {
  const { code, stdout, stderr } = await helm(['template', 'cairn'], values, ['-n', 'kube-system']);
  if (code !== 0 || stderr !== '') throw new Error(stderr);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}
