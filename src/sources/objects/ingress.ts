import type { Ingress } from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach, refuseAll } from './field.ts';
import { readHostNames, targetsOf, valuesOf } from './host-name.ts';
import { isIgnored, readAnnotation, readCreatedMs, readLongNames } from './metadata.ts';
import { shared } from './shared.ts';

/** What said which class an Ingress has before the field was there. */
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/**
 * Converts an Ingress to its record; undefined for one that is to be ignored. The versions of the API agree in all that is read here.
 *
 * @param passOver is called for invalid host names and addresses: the others are served.
 * @throws ObjectError
 */
export function convertIngress(object: unknown, passOver: PassOver = refuseAll): Ingress | undefined {
  const ingress = new Field('Ingress', object);
  const names = readLongNames(ingress);
  if (isIgnored(ingress)) return undefined;
  const spec = ingress.get('spec');
  const points = ingress.get('status').get('loadBalancer').get('ingress').items();
  return {
    ...names,
    createdMs: readCreatedMs(ingress),
    className: shared(spec.get('ingressClassName').text() ?? readAnnotation(ingress, CLASS_ANNOTATION) ?? ''),
    hosts: readHostNames(valuesOf(spec.get('rules').items(), 'host'), passOver),
    targets: targetsOf(
      readEach(valuesOf(points, 'ip'), (ip) => ip.ip(), passOver),
      readHostNames(valuesOf(points, 'hostname'), passOver),
    ),
  };
}
