/*
 * Converts Kubernetes objects to the registry's records, a file for each kind, for all sources. Begin here: a Field is how every
 * conversion reads. It never trusts an object: a wrong field is named in an error.
 */

import { CairnError } from '../../base/errors.ts';
import { didYouMean } from '../../base/suggest.ts';
import { canonicalIP, parsePrefix, printPrefix } from '../../dns/ip.ts';

/** The path from an API object to one of its fields. */
export type FieldPath = readonly (string | number)[];

/** A mistake in an API object. */
export class ObjectError extends CairnError {
  /** The field that is wrong. */
  readonly path: FieldPath;

  /** The message reads `KIND NAMESPACE/NAME: FIELD PROBLEM`. A long problem, such as one with a long value, loses its middle. */
  constructor(object: string, path: FieldPath, problem: string) {
    super('OBJECT', `${object}: ${[printPath(path), withoutMiddle(problem)].filter(Boolean).join(' ')}`);
    this.path = path;
  }
}

const MAX_SHOWN_VALUE = 60;
export const MAX_PROBLEM = 500;

/** Called with a mistake in a part of an object. If it does not throw, the object is read without that part. */
export type PassOver = (problem: ObjectError) => void;

/** Throws every mistake. */
export const refuseAll: PassOver = (problem) => {
  throw problem;
};

/** The results of `read` for the fields, without those that it cannot read. @throws what `passOver` throws. */
export function readEach<T>(fields: readonly Field[], read: (field: Field) => T, passOver: PassOver): T[] {
  return fields.flatMap((field) => {
    try {
      return [read(field)];
    } catch (thrown) {
      if (!(thrown instanceof ObjectError)) throw thrown;
      passOver(thrown);
      return [];
    }
  });
}

/** As {@link readEach}; if no field can be read, the first problem is thrown. @throws ObjectError, and what `passOver` throws. */
export function readSome<T>(fields: readonly Field[], read: (field: Field) => T, passOver: PassOver): T[] {
  const problems: ObjectError[] = [];
  const found = readEach(fields, read, (problem) => problems.push(problem));
  if (found.length === 0 && problems[0]) throw problems[0];
  problems.forEach(passOver);
  return found;
}

/** A field of an API object with its path, so that errors say what is wrong and where. Null is the same as absent. */
export class Field {
  readonly value: unknown;
  private readonly kind: string;
  private readonly parent: Field | undefined;
  private readonly key: string | number;

  constructor(kind: string, value: unknown, parent?: Field, key: string | number = '') {
    this.kind = kind;
    this.value = value ?? undefined;
    this.parent = parent;
    this.key = key;
  }

  get present(): boolean {
    return this.value !== undefined;
  }

  get(key: string): Field {
    return new Field(this.kind, this.mapping()[key], this, key);
  }

  /** @throws ObjectError if the field is there and is not a list. */
  items(): Field[] {
    if (this.value === undefined) return [];
    if (!Array.isArray(this.value)) return this.wrong('a list');
    return this.value.map((item, i) => new Field(this.kind, item, this, i));
  }

  /** @throws ObjectError if the field is there and is not text. */
  text(): string | undefined {
    if (this.value === undefined || typeof this.value === 'string') return this.value;
    return this.wrong('text: put it into quotes');
  }

  /** @throws ObjectError if the field is missing, or is not text that matches `pattern`. */
  matching(pattern: RegExp, wanted: string): string {
    const text = this.text();
    return text !== undefined && pattern.test(text) ? text : this.wrong(wanted);
  }

  /** @throws ObjectError if the field is there and has another value. */
  oneOf<T extends string>(values: readonly T[]): T | undefined {
    if (this.value === undefined) return undefined;
    const found = values.find((value) => value === this.value);
    if (found !== undefined) return found;
    const meant = typeof this.value === 'string' ? didYouMean(this.value, values) : '';
    return this.wrong(`one of ${values.join(', ')}${meant}`);
  }

  /** @throws ObjectError if the field is there and is neither true nor false. */
  flag(): boolean | undefined {
    if (this.value === undefined || typeof this.value === 'boolean') return this.value;
    return this.wrong('true or false');
  }

  /** @throws ObjectError if the field is there and is not a whole number from 0. */
  count(): number | undefined {
    const count = this.value;
    if (count === undefined || (Number.isSafeInteger(count) && (count as number) >= 0)) return count as number;
    return this.wrong('a whole number from 0');
  }

  /** @throws ObjectError if the field is not a port number. */
  port(): number {
    const port = this.value;
    return isPort(port) ? port : this.wrong('a number from 1 to 65535');
  }

  /**
   * The address in canonical text.
   *
   * @throws ObjectError if the field is not an IP address.
   */
  ip(): string {
    const text = this.text();
    return (text === undefined ? undefined : canonicalIP(text)) ?? this.wrong('an IP address');
  }

  /**
   * The network in canonical text: `10.96.0.0/12`.
   *
   * @throws ObjectError if the field is not a network.
   */
  cidr(): string {
    const prefix = parsePrefix(this.text() ?? '');
    return prefix ? printPrefix(prefix) : this.wrong('a network such as 10.96.0.0/12');
  }

  /** @throws ObjectError if the field is there and does not map names to text, as labels do. */
  labels(): Readonly<Record<string, string>> {
    const mapping = this.mapping();
    let isWhole = true;
    for (const key in mapping) {
      if (mapping[key] === undefined) isWhole = false;
      else if (typeof mapping[key] !== 'string') this.get(key).wrong('text: put it into quotes');
    }
    const labels = isWhole
      ? mapping
      : Object.fromEntries(Object.entries(mapping).filter(([, text]) => text !== undefined));
    return labels as Record<string, string>;
  }

  /** @throws ObjectError that says what the field is and what it should be. */
  wrong(wanted: string): never {
    return this.fail(
      this.present ? `is ${shown(this.value)}, it should be ${wanted}` : `is missing, it should be ${wanted}`,
    );
  }

  /** @throws ObjectError */
  fail(problem: string): never {
    const path: (string | number)[] = [];
    let root: Field = this;
    for (; root.parent; root = root.parent) path.unshift(root.key);
    throw new ObjectError(describe(root.kind, root.value), path, problem);
  }

  private mapping(): Readonly<Record<string, unknown>> {
    if (this.value === undefined) return {};
    if (typeof this.value !== 'object' || Array.isArray(this.value)) return this.wrong('a mapping');
    return this.value as Record<string, unknown>;
  }
}

function withoutMiddle(text: string): string {
  const half = MAX_PROBLEM / 2;
  return text.length > MAX_PROBLEM ? `${text.slice(0, half)}...${text.slice(-half)}` : text;
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_VALUE ? `${text.slice(0, MAX_SHOWN_VALUE)}...` : text;
}

/** `spec.ports[0].port` */
function printPath(path: FieldPath): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : /^[\w-]+$/.test(key) ? `.${key}` : `["${key}"]`))
    .join('')
    .replace(/^\./, '');
}

/** Names an object, even if its metadata is wrong. */
function describe(kind: string, object: unknown): string {
  const { metadata } = (object ?? {}) as { metadata?: { namespace?: unknown; name?: unknown } };
  const { namespace, name } = metadata ?? {};
  const known = [namespace, name].filter((part) => typeof part === 'string').join('/');
  return `${kind} ${known || '(without a name)'}`;
}
