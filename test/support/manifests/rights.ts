import { expect } from 'vitest';
import { neededKinds } from '../../../src/declared/kinds.ts';
import type { GatewayOptions } from '../../../src/plugins/k8s_gateway/options.ts';
import { networkKinds } from '../../../src/plugins/kubernetes/guard.ts';
import { clusterNeeds, type KubernetesOptions } from '../../../src/plugins/kubernetes/options.ts';
import { plugins } from '../../../src/plugins.ts';
import type { RecordKind } from '../../../src/registry/completeness.ts';
import { Registry } from '../../../src/registry/registry.ts';
import type { Configuration } from '../../../src/server/configuration/configuration.ts';
import { corefileSource } from '../../../src/server/configuration/corefile-source.ts';
import { createCatalog } from '../../../src/sources/kubernetes/resources.ts';
import type { Rule } from '../../interop/pod/least-rights.ts';
import { fakeClock } from '../clock.ts';

/** What the server makes of a Corefile. @throws Error with its mistakes. */
export function load(text: string, env: Record<string, string> = {}): Configuration {
  return corefileSource({ file: 'Corefile', text, plugins, dnsPort: 53, env }).load().configuration;
}

/** The options of each use of a plugin. */
export const optionsOf = <T>({ blocks }: Configuration, name: string): T[] =>
  blocks.flatMap((block) =>
    block.plugins.filter(({ definition }) => definition.name === name).map(({ options }) => options as T),
  );

/** `GROUP/RESOURCE` of the kinds of records that the server lists and watches. */
export function watched(kinds: readonly RecordKind[]): Set<string> {
  const clock = fakeClock();
  const catalog = createCatalog(new Registry(clock), { labels: [], namespaceLabels: [] }, { clock });
  const resources = catalog.resourcesFor([{ kinds }]);
  catalog.stop();
  return new Set(resources.map(({ group, plural }) => `${group}/${plural}`));
}

/** The same for all that a Corefile watches. */
export function watchedBy(configuration: Configuration): Set<string> {
  const uses = optionsOf<KubernetesOptions>(configuration, 'kubernetes').flatMap((use) => [use, ...use.others]);
  const cluster = uses.flatMap((use) => [...clusterNeeds(use).kinds, ...networkKinds(use)]);
  const declared = optionsOf<GatewayOptions>(configuration, 'k8s_gateway').flatMap(neededKinds);
  return watched([...cluster, ...declared]);
}

/** `GROUP/RESOURCE` of what rules let a user list and watch, and nothing else. */
export function granted(rules: readonly Rule[]): Set<string> {
  for (const { verbs } of rules) expect(verbs).toEqual(['list', 'watch']);
  return new Set(
    rules.flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((name) => `${group}/${name}`)),
    ),
  );
}
