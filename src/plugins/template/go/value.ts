import { TemplateError } from './error.ts';

/** A value in a template. A struct has fixed fields, a map has any keys; undefined is Go's nil. */
export type Value =
  | string
  | number
  | boolean
  | undefined
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | Struct
  | Method;
export interface Struct {
  readonly [field: string]: Value;
}
type Method = (...args: readonly Value[]) => Value;

export function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isStruct(value: Value): value is Struct {
  return typeof value === 'object' && !isMap(value) && !isArray(value);
}

/** The field of a struct, or the key of a map, whose missing keys are nil. @throws TemplateError */
export function fieldOf(value: Value, name: string): Value {
  if (isMap(value)) return value.get(name);
  if (isStruct(value) && Object.hasOwn(value, name)) return value[name];
  throw new TemplateError(`can't evaluate field ${name} in ${kindOf(value)}`);
}

/** Whether a value counts as true: anything but zero and empty values. */
export function isTrue(value: Value): boolean {
  if (isArray(value)) return value.length > 0;
  if (isMap(value)) return value.size > 0;
  return Boolean(value);
}

/** The value as Go prints it with `%v`. @throws TemplateError for a struct or a method. */
export function printValue(value: Value, nil = '<nil>'): string {
  if (value === undefined) return nil;
  if (isArray(value)) return `[${value.map((item) => printValue(item)).join(' ')}]`;
  if (isMap(value)) {
    const entries = [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([key, item]) => `${key}:${printValue(item)}`).join(' ')}]`;
  }
  if (typeof value === 'object' || typeof value === 'function') {
    throw new TemplateError(`${kindOf(value)} cannot be printed: name one of its fields`);
  }
  return String(value);
}

/** The name of a value's kind in errors. */
export function kindOf(value: Value): string {
  if (value === undefined) return 'nil';
  if (isArray(value)) return 'a list';
  if (isMap(value)) return 'a map';
  return typeof value === 'object' ? 'a struct' : `a ${typeof value}`;
}
