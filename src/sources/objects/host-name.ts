import { messageOf } from '../../base/errors.ts';
import { foldName, type Name, parseUnicodeName } from '../../dns/name.ts';
import type { Targets } from '../../registry/declared-records.ts';
import { type Field, type PassOver, readEach, readSome } from './field.ts';
import { sharedTargets } from './shared.ts';

const NONE: readonly never[] = [];

/** The host name in a field, folded, with or without a last dot. @throws ObjectError */
export function readHostName(field: Field): Name {
  return parseHostName(field.text() ?? field.wrong('a host name'), field);
}

/** As {@link readHostName}, for a text in the field. @throws ObjectError */
export function parseHostName(text: string, field: Field): Name {
  try {
    return flat(foldName(parseUnicodeName(text)));
  } catch (thrown) {
    return field.fail(`is ${JSON.stringify(text)}, it should be a host name: ${messageOf(thrown)}`);
  }
}

/** The host names in the fields, each once. @throws what `passOver` throws */
export function readHostNames(fields: readonly Field[], passOver: PassOver): readonly Name[] {
  return fields.length === 0 ? NONE : [...new Set(readEach(fields, readHostName, passOver))];
}

/** As {@link readHostNames}, where no host names stand for all of them: if none can be read, it is a mistake. @throws ObjectError, and what `passOver` throws */
export function readSomeHostNames(fields: readonly Field[], passOver: PassOver): readonly Name[] {
  return fields.length === 0 ? NONE : [...new Set(readSome(fields, readHostName, passOver))];
}

/** The values under a key of a list of mappings, without those that are missing or empty. */
export function valuesOf(mappings: readonly Field[], key: string): Field[] {
  return mappings.map((mapping) => mapping.get(key)).filter(({ value }) => value !== undefined && value !== '');
}

/** Each address and host name once. */
export function targetsOf(addresses: readonly string[], hostnames: readonly Name[]): Targets {
  return sharedTargets({ addresses: [...new Set(addresses)], hostnames });
}

/** A text that was put together of pieces keeps all of them; this is the same text in one piece. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
