import type { Node } from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach, refuseAll } from './field.ts';
import { isIgnored, readLongNames } from './metadata.ts';

/**
 * Converts a v1 Node to its record.
 *
 * @param passOver is called for invalid addresses: the others are served.
 * @throws ObjectError
 */
export function convertNode(object: unknown, passOver: PassOver = refuseAll): Node {
  const node = new Field('Node', object);
  const { name } = readLongNames(node);
  const addresses = node.get('status').get('addresses').items();
  const ofType = (type: string) => {
    const fields = addresses.filter((address) => address.get('type').value === type).map((each) => each.get('address'));
    return [...new Set(readEach(fields, (address) => address.ip(), passOver))];
  };
  const podCidrs = readPodCidrs(node.get('spec'), passOver);
  return {
    ...{ name, internal: ofType('InternalIP'), external: ofType('ExternalIP') },
    ...(podCidrs.length > 0 && { podCidrs }),
    ...(isIgnored(node) && { ignored: true }),
  };
}

/** `podCIDR` is the first of `podCIDRs`, and older objects have it alone. */
function readPodCidrs(spec: Field, passOver: PassOver): readonly string[] {
  const listed = spec.get('podCIDRs').items();
  const first = spec.get('podCIDR');
  const fields = listed.length > 0 ? listed : first.present ? [first] : [];
  return [...new Set(readEach(fields, (field) => field.cidr(), passOver))];
}
