import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { resources } from '../../support/api-server/resources.ts';
import type { Requests, Verb } from '../../support/api-server/switches.ts';

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const VERBS: readonly Verb[] = ['get', 'list', 'watch'];

/** The rules of the ClusterRole that docs/cluster.md tells operators to give. */
export function documentedRules(): readonly Rule[] {
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/cluster.md'), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, text]) => parseAllDocuments(text!));
  const role = blocks.map((document) => document.toJS()).find(({ kind }) => kind === 'ClusterRole');
  if (role === undefined) throw new Error('docs/cluster.md has no ClusterRole any more');
  return role.rules;
}

/** All requests but those that the rules allow. */
export function forbiddenBy(rules: readonly Rule[]): Requests[] {
  return resources.flatMap(({ group, name }) =>
    VERBS.filter(
      (verb) =>
        !rules.some(
          (rule) => rule.apiGroups.includes(group) && rule.resources.includes(name) && rule.verbs.includes(verb),
        ),
    ).map((verb) => ({ verb, resource: name })),
  );
}
