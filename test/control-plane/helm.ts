import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { folderOf, type Stops } from '../interop/pod/folder.ts';
import { CHART, type Values } from '../support/manifests/helm.ts';
import { run } from '../support/tools.ts';
import { type ControlPlane, certificateUser, kubeconfigOf } from './control-plane.ts';

/** Helm with every right, in kube-system. Its commands throw an Error with what Helm complains of. */
export interface Helm {
  install(release: string, values: Values, chart?: string, flags?: readonly string[]): Promise<void>;
  /** The values are those that are given, and no earlier ones. */
  upgrade(release: string, values: Values): Promise<void>;
  rollback(release: string): Promise<void>;
  uninstall(release: string): Promise<void>;
}

/** The folder of a chart that has these objects, whatever the values. */
export function chartOf(name: string, objects: readonly object[], stops: Stops): string {
  const folder = folderOf({ 'Chart.yaml': stringify({ apiVersion: 'v2', name, version: '1.0.0' }) }, stops);
  mkdirSync(join(folder, 'templates'));
  writeFileSync(join(folder, 'templates/objects.yaml'), objects.map((object) => `---\n${stringify(object)}`).join(''));
  return folder;
}

const LONG_MS = 180_000;

export function createHelm({ url, authority, admin, stops }: ControlPlane): Helm {
  const folder = folderOf({ kubeconfig: kubeconfigOf(url, authority.cert, certificateUser(admin)) }, stops);
  async function helm(...args: readonly string[]): Promise<void> {
    const all = ['--kubeconfig', join(folder, 'kubeconfig'), '-n', 'kube-system', ...args];
    const { code, stdout, stderr } = await run('helm', all, { timeoutMs: LONG_MS });
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${stdout}${stderr}`);
  }
  const valuesFile = (values: Values) => join(folderOf({ 'values.yaml': stringify(values) }, stops), 'values.yaml');
  return {
    install: (release, values, chart = CHART, flags = []) =>
      helm('install', release, chart, '-f', valuesFile(values), ...flags),
    upgrade: (release, values) => helm('upgrade', release, CHART, '--reset-values', '-f', valuesFile(values)),
    rollback: (release) => helm('rollback', release),
    uninstall: (release) => helm('uninstall', release, '--wait'),
  };
}
