import type { Namespace } from '../../registry/records.ts';
import { Field } from './field.ts';
import { readLabelName, readLabels } from './metadata.ts';

/** The label that the API server gives to every namespace: its name. */
export const NAME_LABEL = 'kubernetes.io/metadata.name';

/** Converts a v1 Namespace to its record. @throws ObjectError */
export function convertNamespace(object: unknown): Namespace {
  const field = new Field('Namespace', object);
  const name = readLabelName(field);
  return { name, labels: { ...readLabels(field), [NAME_LABEL]: name } };
}
