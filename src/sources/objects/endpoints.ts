import { parseIP } from '../../dns/ip.ts';
import type { Endpoint, EndpointSlice } from '../../registry/records.ts';
import { endpointOf, readTraits } from './endpoint-slice.ts';
import { Field, type PassOver, readSome, refuseAll } from './field.ts';
import { readNames } from './metadata.ts';
import { readPorts } from './ports.ts';

/**
 * Converts a legacy v1 Endpoints object to the slices that mirror it in a cluster: one for each subset and address family. Their names contain a
 * colon, so that no object of the API can have them.
 *
 * @param passOver is called for invalid addresses, host names and ports: the rest is served without them.
 * @throws ObjectError
 */
export function convertEndpoints(object: unknown, passOver: PassOver = refuseAll): EndpointSlice[] {
  const endpoints = new Field('Endpoints', object);
  const { namespace, name } = readNames(endpoints);
  return endpoints
    .get('subsets')
    .items()
    .flatMap((subset, i) => {
      const ports = readPorts(subset.get('ports'), passOver);
      const ready = readSome(subset.get('addresses').items(), (address) => readAddress(address, passOver), passOver);
      return Object.entries(byFamily(ready)).map(([family, ofFamily]) => ({
        namespace,
        name: `endpoints:${name}:${i}:${family}`,
        service: name,
        ports,
        endpoints: ofFamily,
      }));
    });
}

/** Endpoints objects have no topology zones. */
const KEPT = { podNames: true, zones: false };

function readAddress(address: Field, passOver: PassOver): Endpoint {
  return endpointOf(address.get('ip').ip(), readTraits(address, KEPT, passOver));
}

function byFamily(endpoints: Endpoint[]): Record<string, Endpoint[]> {
  return Object.groupBy(endpoints, ({ address }) => familyOf(address)) as Record<string, Endpoint[]>;
}

/** The family of an address in canonical text, as the API writes it. */
export function familyOf(ip: string): 'IPv4' | 'IPv6' {
  return parseIP(ip)?.length === 4 ? 'IPv4' : 'IPv6';
}
