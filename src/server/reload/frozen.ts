/** Objects that a plugin has frozen itself may have parts that are not. */
const frozenToTheBottom = new WeakSet<object>();

/** Freezes plain objects and arrays to the bottom; those with octets, which cannot be frozen, are copied. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || frozenToTheBottom.has(value)) return value;
  if (ArrayBuffer.isView(value)) return Uint8Array.from(value as unknown as Uint8Array) as T;
  let copy: T | undefined;
  for (const key of Object.keys(value) as (keyof T)[]) {
    const part = frozen(value[key]);
    if (part === value[key]) continue;
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as T;
    copy[key] = part;
  }
  const whole = Object.freeze(copy ?? value);
  // A part with octets is copied each time, as they can be changed.
  if (!copy) frozenToTheBottom.add(whole);
  return whole;
}

/** The values, each frozen when it is taken. */
export function eachFrozen<T>(values: Iterable<T>): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      for (const value of values) yield frozen(value);
    },
  };
}

/** Copies plain objects and arrays to the bottom, but not those that no plugin can change. */
export function copied<T>(value: T): T {
  if (typeof value !== 'object' || value === null || frozenToTheBottom.has(value)) return value;
  if (ArrayBuffer.isView(value)) return Uint8Array.from(value as unknown as Uint8Array) as T;
  if (Array.isArray(value)) return value.map(copied) as T;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copied(part)])) as T;
}
