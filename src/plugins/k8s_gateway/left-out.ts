import type { Declaration, Kind, NameOptions } from '../../declared/kinds.ts';
import { KINDS, RECORD_KIND } from '../../declared/kinds.ts';
import type { Name } from '../../dns/name.ts';
import type { Route } from '../../registry/declared-records.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';

/** Where the objects are, and what decides which of them count. */
interface LeftOutEnv {
  readonly registry: ReadonlyRegistry;
  readonly options: NameOptions;
}

/** Why an object that declares a (folded) name does not have it; undefined if none declares it. It looks at all objects: for people only. */
export function whyLeftOut(name: Name, env: LeftOutEnv): string | undefined {
  for (const kind of KINDS) {
    for (const object of objectsOf(kind, env.registry)) {
      const declaration = { kind, object } as Declaration;
      if (hostsOf(declaration).includes(name))
        return `${titleOf(declaration)} declares it, but ${reason(declaration, env)}`;
    }
  }
  return undefined;
}

function objectsOf(kind: Kind, registry: ReadonlyRegistry): Iterable<object> {
  return kind === 'Service' ? registry.services() : registry.declared.all(RECORD_KIND[kind]);
}

function hostsOf({ kind, object }: Declaration): readonly Name[] {
  switch (kind) {
    case 'Ingress':
      return object.hosts;
    case 'Service':
      return object.declares?.hostnames ?? [];
    case 'DNSEndpoint':
      return object.records.map((record) => record.name);
    case 'Node':
      return [];
    default:
      return object.hostnames;
  }
}

function titleOf({ kind, object }: Declaration): string {
  return kind === 'Node' ? `Node ${object.name}` : `${kind} ${object.namespace}/${object.name}`;
}

function reason(declaration: Declaration, { registry, options }: LeftOutEnv): string {
  const { kind, object } = declaration;
  if (!options.kinds.includes(kind)) return `'resources' does not list ${kind}`;
  if (kind !== 'Node' && options.namespaces.length > 0 && !options.namespaces.includes(object.namespace))
    return `'namespaces' leaves ${object.namespace} out`;
  if (kind === 'Ingress') return `'ingressClasses' leaves out its class '${object.className}'`;
  if (kind === 'Service') return whyNoService(object.declares?.ignored === true, object.type, options);
  return 'parents' in object ? whyNoRoute(object, registry, options) : 'it does not count';
}

function whyNoService(isIgnored: boolean, type: string, { serviceSelectors, inside }: NameOptions): string {
  if (isIgnored) return 'its label k8s-gateway.dns/ignore leaves it out';
  if (type !== 'LoadBalancer' && !inside) return `its type is ${type}, and without 'inside' only load balancers count`;
  return serviceSelectors.length > 0 ? "'serviceLabelSelectors' leaves it out" : `its type is ${type}`;
}

function whyNoRoute({ parents }: Route, { declared }: ReadonlyRegistry, { gatewayClasses }: NameOptions): string {
  const [parent] = parents;
  if (parent === undefined) return 'no Gateway has accepted it: see its status.parents';
  const title = `Gateway ${parent.namespace}/${parent.name}`;
  const gateway = declared.get('gateway', parent.namespace, parent.name);
  if (gateway === undefined) return `there is no ${title}, or no right to read it`;
  if (gatewayClasses.length > 0 && !gatewayClasses.includes(gateway.className))
    return `'gatewayClasses' leaves out the class '${gateway.className}' of ${title}`;
  return `no listener of ${title} serves it: see their hostname, allowedRoutes and protocol`;
}
