/*
 * The view of a cluster's registry through options: which names exist, what stands at them, and the records that say so. Begin with
 * `zone.ts` (from a name to what stands there) and `records.ts` (from there to records). Nothing here changes a registry, reads a
 * Corefile or sends a reply: that is for sources and plugins.
 */

import type { ReadonlyRegistry } from '../registry/registry.ts';
import type { Serial } from '../registry/serial.ts';
import { hasTargets, namespacesAt } from './reverse.ts';
import { followReversePrefixes, type HasReversePrefix, type OwnsReversePrefix } from './reverse-prefixes.ts';
import type { NameRules } from './service-name.ts';
import { type ClusterView, type Services, viewRegistry } from './view.ts';
import type { ViewOptions } from './view-options.ts';
import { isVisible, shownBy } from './visible.ts';

/** A view that follows its registry. */
export interface Cluster extends ClusterView {
  /** Moves with every change that alters an answer. */
  readonly serial: Serial;
  readonly hasReversePrefix: HasReversePrefix;
  /** As if only one namespace were there. */
  readonly namespaceHasReversePrefix: OwnsReversePrefix;
  /** Stops following the registry. */
  stop(): void;
}

/** The cluster's own services, and everything else. */
export function followCluster(registry: ReadonlyRegistry, options: ViewOptions): Cluster {
  return follow(registry, options, registry, options.zonal ? 'zonal' : 'plain');
}

/** The services that clusters export to each other. They have no pods and no topology zones. */
export function followClusterSet(registry: ReadonlyRegistry, options: ViewOptions): Cluster {
  const ofSet = { pods: 'disabled', zonal: false, ignoreEmptyService: false } as const;
  return follow(registry, { ...options, ...ofSet }, registry.imports, 'cluster-set');
}

function follow(registry: ReadonlyRegistry, options: ViewOptions, services: Services, rules: NameRules): Cluster {
  const view = viewRegistry(registry, options, services, rules);
  const prefixes = followReversePrefixes(registry, (address) => (hasTargets(view, address) ? ALL : NONE));
  const ofNamespaces = followReversePrefixes(registry, (address) => namespacesAt(view, address));
  const shown = shownBy(view);
  const zones = rules === 'cluster-set' ? 'cluster-set' : 'cluster';
  const { serial, stop } = registry.followSerial(zones, (change) => isVisible(change, shown));
  return {
    ...view,
    serial,
    hasReversePrefix: (values, family) => prefixes.has('', values, family),
    namespaceHasReversePrefix: ofNamespaces.has,
    stop() {
      prefixes.stop();
      ofNamespaces.stop();
      stop();
    },
  };
}

/** The only owner of all addresses. */
const ALL = [''];
const NONE: readonly string[] = [];

/** Some namespaces, as they are at the moment. */
export interface VisibleNamespaces extends Iterable<string> {
  has(namespace: string): boolean;
}

/** The cluster as if only some of its namespaces were there. */
export function onlyNamespaces(cluster: Cluster, visible: VisibleNamespaces): Cluster {
  const { exposes, namespaceHasReversePrefix } = cluster;
  return {
    ...cluster,
    exposes: (namespace) => visible.has(namespace) && exposes(namespace),
    hasReversePrefix: (values, family) =>
      [...visible].some((namespace) => namespaceHasReversePrefix(namespace, values, family)),
  };
}
