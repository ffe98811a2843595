import { messageOf } from '../../base/errors.ts';
import { parseUnicodeName } from '../../dns/name.ts';
import type { ServiceDeclaration } from '../../registry/declared-records.ts';
import type { Service } from '../../registry/records.ts';
import { Field, type PassOver, readEach, readSome, refuseAll } from './field.ts';
import { readNames } from './metadata.ts';
import { readPorts } from './ports.ts';
import { readDeclaration } from './service-declaration.ts';

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;

/**
 * Converts a v1 Service to its record, with the API server's defaults.
 *
 * @param passOver is called for invalid addresses and ports: the service is served with the others.
 * @throws ObjectError
 */
export function convertService(object: unknown, passOver: PassOver = refuseAll): Service {
  const service = new Field('Service', object);
  const spec = service.get('spec');
  const type = spec.get('type').oneOf(TYPES) ?? 'ClusterIP';
  const isExternal = type === 'ExternalName';
  const clusterIPs = isExternal ? [] : readClusterIPs(spec);
  const headless = clusterIPs[0]?.value === 'None';
  return {
    ...readNames(service),
    type,
    headless,
    clusterIPs: headless ? [] : readSome(clusterIPs, (ip) => ip.ip(), passOver),
    externalName: isExternal ? readExternalName(spec.get('externalName')) : '',
    ports: readPorts(spec.get('ports'), passOver),
    externalIPs: [
      ...readEach(spec.get('externalIPs').items(), (ip) => ip.ip(), passOver),
      ...readIngress(service, passOver),
    ],
    ...declared(readDeclaration(service, type, passOver)),
  };
}

/** Most services declare nothing: without the property, their records take less memory. */
function declared(declares: ServiceDeclaration | undefined): Pick<Service, 'declares'> {
  return declares ? { declares } : {};
}

/** `clusterIPs`, else `clusterIP`; it is an empty string before an address is allocated. */
function readClusterIPs(spec: Field): Field[] {
  const several = spec.get('clusterIPs').items();
  return (several.length > 0 ? several : [spec.get('clusterIP')]).filter((ip) => ip.present && ip.value !== '');
}

function readExternalName(field: Field): string {
  const name = field.text();
  if (!name) return field.wrong('the domain name that the service leads to');
  try {
    parseUnicodeName(name);
  } catch (thrown) {
    return field.fail(`is not a domain name: ${messageOf(thrown)}`);
  }
  return name;
}

/** The addresses of the load balancer, or else its host names. */
function readIngress(service: Field, passOver: PassOver): string[] {
  const ingress = service.get('status').get('loadBalancer').get('ingress').items();
  const read = (point: Field) => (point.get('ip').value ? point.get('ip').ip() : (point.get('hostname').text() ?? ''));
  return readEach(ingress, read, passOver).filter((address) => address !== '');
}
