import type { Node } from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach, refuseAll } from './field.ts';
import { isIgnored, readLongNames } from './metadata.ts';

/**
 * Converts a v1 Node to its record; undefined for one that is to be ignored.
 *
 * @param passOver is called for invalid addresses: the others are served.
 * @throws ObjectError
 */
export function convertNode(object: unknown, passOver: PassOver = refuseAll): Node | undefined {
  const node = new Field('Node', object);
  const { name } = readLongNames(node);
  if (isIgnored(node)) return undefined;
  const addresses = node.get('status').get('addresses').items();
  const ofType = (type: string) => {
    const fields = addresses.filter((address) => address.get('type').value === type).map((each) => each.get('address'));
    return [...new Set(readEach(fields, (address) => address.ip(), passOver))];
  };
  return { name, internal: ofType('InternalIP'), external: ofType('ExternalIP') };
}
