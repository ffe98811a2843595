import type { ServiceName } from './service-name.ts';
import type { ClusterView } from './view.ts';

/** What there would have to be for a name to exist. */
export const MISSING = ['namespace', 'service', 'endpoints', 'pod', 'address', 'name'] as const;

export type Missing = (typeof MISSING)[number];

/**
 * Why a name does not exist: its namespace or service is not there, the service has no ready endpoint, no pod or service has
 * the address, or (`name`) no object can have such a name. `name` is undefined for one of a reverse zone.
 */
export function whatIsMissing(cluster: ClusterView, name: ServiceName | undefined): Missing {
  if (name === undefined) return 'address';
  if (name.kind === 'pod' || (name.kind === 'namespace' && name.tree === 'pod')) {
    return cluster.options.pods === 'disabled' || cluster.exposes(name.namespace) ? 'pod' : 'namespace';
  }
  if ('namespace' in name && !cluster.exposes(name.namespace)) return 'namespace';
  if (!('service' in name)) return 'name';
  const service = cluster.services.service(name.namespace, name.service);
  if (service === undefined) return 'service';
  const { headless, type } = service;
  const needsEndpoints = headless || (cluster.options.ignoreEmptyService && type !== 'ExternalName');
  return needsEndpoints && !cluster.endpointsOf(name.namespace, name.service) ? 'endpoints' : 'name';
}
