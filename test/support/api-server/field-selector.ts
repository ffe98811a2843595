import type { Resource } from './resources.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/**
 * Reads a field selector: `a=b`, `a==b` and `a!=b`, joined by commas that mean "and".
 *
 * @throws Error with the words of an API server, if the resource has no such field.
 */
export function parseFieldSelector(text: string, { fields }: Resource): FieldRequirement[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [, field, operator, value] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
      if (field === undefined) throw new Error(`invalid selector: '${part}'; can't understand '${part}'`);
      if (!Object.hasOwn(fields, field)) throw new Error(`field label not supported: ${field}`);
      return { field, equal: operator !== '!=', value: value! };
    });
}

/** The values of an object's fields that selectors may ask for. */
export function fieldsOf(object: object, { fields }: Resource): Record<string, string> {
  const read = (path: string) =>
    path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  return Object.fromEntries(Object.entries(fields).map(([path, absent]) => [path, String(read(path) ?? absent)]));
}

export function selectsFields(
  selector: readonly FieldRequirement[],
  fields: Readonly<Record<string, string>>,
): boolean {
  return selector.every(({ field, equal, value }) => (fields[field] === value) === equal);
}
