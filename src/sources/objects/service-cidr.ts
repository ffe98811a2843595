import type { ServiceCidr } from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach } from './field.ts';
import { readLongNames } from './metadata.ts';

/** Converts a ServiceCIDR to its record; networks that are not valid are left out. @throws ObjectError */
export function convertServiceCidr(object: unknown, passOver: PassOver): ServiceCidr {
  const field = new Field('ServiceCIDR', object);
  const { name } = readLongNames(field);
  return { name, cidrs: readEach(field.get('spec').get('cidrs').items(), (cidr) => cidr.cidr(), passOver) };
}
