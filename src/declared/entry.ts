import type { Gateway, Ingress, Targets } from '../registry/declared-records.ts';
import { AddressIndex } from '../registry/indexes.ts';
import type { Service } from '../registry/records.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';
import type { NameOptions } from './kinds.ts';

/** The Service behind an Ingress or a Gateway, or why none is known. */
export type Entry =
  | { readonly service: Service; readonly found: 'option' | 'label' | 'address' }
  | { readonly service: undefined; readonly why: string };

/** The ports that clients of an Ingress use. */
const WEB_PORTS = [443, 80];

/** The Services that may be the entry of Ingresses and Gateways. */
export class Entries {
  private readonly registry: ReadonlyRegistry;
  private readonly options: NameOptions;
  /** By each external address and host name. */
  private readonly byTarget = new AddressIndex<Service>();
  /** By the Gateway that they are the entry of. */
  private readonly byGateway = new AddressIndex<Service>();

  constructor(registry: ReadonlyRegistry, options: NameOptions) {
    this.registry = registry;
    this.options = options;
    if (options.inside) for (const service of registry.services()) this.replace(undefined, service);
  }

  /** Whether the service may be an entry. */
  has(service: Service): boolean {
    const { namespace, name } = service;
    const { inside, entries } = this.options;
    const isNamed = entries.some((entry) => entry.namespace === namespace && entry.name === name);
    return isNamed || (inside && (targetsOf(service).length > 0 || gatewaysOf(service).length > 0));
  }

  replace(before: Service | undefined, after: Service | undefined): void {
    if (!this.options.inside) return;
    if (before) {
      this.byTarget.removeAll(targetsOf(before), before);
      this.byGateway.removeAll(gatewaysOf(before), before);
    }
    if (after) {
      this.byTarget.addAll(targetsOf(after), after);
      this.byGateway.addAll(gatewaysOf(after), after);
    }
  }

  ofIngress({ className, targets }: Ingress): Entry {
    return this.ofClass(className) ?? this.atTargets(targets, WEB_PORTS) ?? this.missing('Ingress', className);
  }

  ofGateway(gateway: Gateway): Entry {
    const { namespace, name, className, targets, listeners } = gateway;
    const ports = listeners.map(({ port }) => port);
    const own = best(this.byGateway.at(`${namespace}/${name}`), ports);
    return (
      this.ofClass(className) ??
      (own && { service: own, found: 'label' }) ??
      this.atTargets(targets, ports) ??
      this.missing('Gateway', className)
    );
  }

  /** The Service that the option `entry` names for a class. */
  ofClass(className: string): Extract<Entry, { found: string }> | undefined {
    const entry = this.options.entries.find((each) => each.className === className);
    const service = entry && this.registry.service(entry.namespace, entry.name);
    return service && { service, found: 'option' };
  }

  private atTargets({ addresses, hostnames }: Targets, ports: readonly number[]): Entry | undefined {
    const service = best(
      [...addresses, ...hostnames].flatMap((target) => this.byTarget.at(target)),
      ports,
    );
    return service && { service, found: 'address' };
  }

  private missing(kind: string, className: string): Entry {
    const entry = this.options.entries.find((each) => each.className === className);
    const named = entry ? `there is no Service ${entry.namespace}/${entry.name}, which 'entry' names, and ` : '';
    const place = className === '' ? 'CLASS' : className;
    const hint = entry ? '' : `: add 'entry ${place} NAMESPACE/SERVICE'`;
    return { service: undefined, why: `${named}no Service has an address of the ${kind}${hint}` };
  }
}

function targetsOf({ externalIPs, declares }: Service): readonly string[] {
  const { addresses = [], hostnames = [] } = declares?.external ?? {};
  return [...externalIPs, ...addresses, ...hostnames];
}

function gatewaysOf({ namespace, declares }: Service): readonly string[] {
  return declares?.gateway === undefined ? [] : [`${namespace}/${declares.gateway}`];
}

/**
 * Load balancers may share an address: then the Service with one of the ports, of several the oldest, and otherwise the first by name. Everybody may write an
 * address into `externalIPs`, so a new Service must not take the place of an older one.
 */
function best(services: readonly Service[], ports: readonly number[]): Service | undefined {
  const usable = services.filter(({ clusterIPs, headless }) => clusterIPs.length > 0 || headless);
  return usable.reduce<Service | undefined>(
    (first, each) => (first === undefined || comesBefore(each, first, ports) ? each : first),
    undefined,
  );
}

function comesBefore(a: Service, b: Service, ports: readonly number[]): boolean {
  const hasPort = (service: Service) => service.ports.some(({ port }) => ports.includes(port));
  if (hasPort(a) !== hasPort(b)) return hasPort(a);
  const ageOf = ({ declares }: Service) => declares?.createdMs ?? Number.POSITIVE_INFINITY;
  if (ageOf(a) !== ageOf(b)) return ageOf(a) < ageOf(b);
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}`;
}
