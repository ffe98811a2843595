import type { Namespace } from '../../registry/records.ts';
import { Field } from './field.ts';
import { readLabelName } from './metadata.ts';

/** Converts a v1 Namespace to its record. @throws ObjectError */
export function convertNamespace(object: unknown): Namespace {
  return { name: readLabelName(new Field('Namespace', object)) };
}
