import { parseIP } from '../dns/ip.ts';
import type { ReadonlyRegistry } from '../registry/registry.ts';

/** The external addresses of the services that this server is an endpoint of; without any, the machine's addresses. */
export function serverAddresses(registry: ReadonlyRegistry, local: readonly string[]): readonly string[] {
  const services = local.flatMap((address) =>
    registry.endpointsAt(address).flatMap(({ slice }) => registry.service(slice.namespace, slice.service) ?? []),
  );
  const external = services.flatMap(({ externalIPs }) => externalIPs.filter((text) => parseIP(text)));
  return external.length > 0 ? [...new Set(external)] : local;
}
