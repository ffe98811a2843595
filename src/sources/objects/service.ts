import { parseName } from '../../dns/name.ts';
import { messageOf } from '../../errors.ts';
import type { Service } from '../../registry/records.ts';
import { Field } from './field.ts';
import { readNames } from './metadata.ts';
import { readPorts } from './ports.ts';

const TYPES = ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] as const;

/** Cuts a v1 Service down to its record, with the defaults that the API server would apply. @throws ObjectError */
export function convertService(object: unknown): Service {
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
    clusterIPs: headless ? [] : clusterIPs.map((ip) => ip.ip()),
    externalName: isExternal ? readExternalName(spec.get('externalName')) : '',
    ports: readPorts(spec.get('ports')),
    externalIPs: [
      ...spec
        .get('externalIPs')
        .items()
        .map((ip) => ip.ip()),
      ...readIngress(service),
    ],
  };
}

/** `clusterIPs`, else `clusterIP`; an empty string is what the API shows before an address is allocated. */
function readClusterIPs(spec: Field): Field[] {
  const several = spec.get('clusterIPs').items();
  return (several.length > 0 ? several : [spec.get('clusterIP')]).filter((ip) => ip.present && ip.value !== '');
}

function readExternalName(field: Field): string {
  const name = field.text();
  if (!name) return field.wrong('the domain name that the service stands for');
  try {
    parseName(name);
  } catch (thrown) {
    return field.fail(`is not a domain name: ${messageOf(thrown)}`);
  }
  return name;
}

/** What the load balancer answers at: an address, or else a host name. */
function readIngress(service: Field): string[] {
  const ingress = service.get('status').get('loadBalancer').get('ingress').items();
  return ingress
    .map((point) => (point.get('ip').value ? point.get('ip').ip() : (point.get('hostname').text() ?? '')))
    .filter((address) => address !== '');
}
