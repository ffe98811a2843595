import type { Service } from '../../registry/records.ts';
import { Field, type PassOver, readSome, refuseAll } from './field.ts';
import { readNames } from './metadata.ts';
import { readDeclaredPorts } from './ports.ts';

const TYPES = ['ClusterSetIP', 'Headless'] as const;

/**
 * Converts a multicluster.x-k8s.io/v1alpha1 ServiceImport to the record of a service of the cluster set.
 *
 * @param passOver is called for invalid addresses and ports: the service is served with the others.
 * @throws ObjectError
 */
export function convertServiceImport(object: unknown, passOver: PassOver = refuseAll): Service {
  const serviceImport = new Field('ServiceImport', object);
  const spec = serviceImport.get('spec');
  const headless = spec.get('type').oneOf(TYPES) === 'Headless';
  const ips = spec.get('ips').items();
  return {
    ...readNames(serviceImport),
    type: 'ClusterIP',
    headless,
    clusterIPs: headless ? [] : readSome(ips, (ip) => ip.ip(), passOver),
    externalName: '',
    ports: readDeclaredPorts(spec.get('ports'), passOver),
    externalIPs: [],
  };
}
