type Before = ReadonlyMap<PropertyKey, PropertyDescriptor | undefined>;

/** Properties of objects of Node.js that hold something else for a while. */
export interface Replacements {
  /** `make` gets the present value. */
  replace<O extends object, K extends keyof O>(object: O, key: K, make: (before: O[K]) => O[K]): void;
  /** Adds a property that the object does not have. */
  add(object: object, key: PropertyKey, descriptor: PropertyDescriptor): void;
  /** For an object that nobody will use any more. */
  forget(object: object): void;
  /** Puts everything back as it was: values, descriptors, and no property where there was none. */
  restore(): void;
}

export function createReplacements(): Replacements {
  const objects = new Map<object, Before>();
  const define = (
    object: object,
    key: PropertyKey,
    before: PropertyDescriptor | undefined,
    now: PropertyDescriptor,
  ) => {
    Object.defineProperty(object, key, now);
    // What was there first counts.
    objects.set(object, new Map([[key, before], ...(objects.get(object) ?? [])]));
  };
  return {
    replace(object, key, make) {
      const before = Object.getOwnPropertyDescriptor(object, key);
      define(object, key, before, { ...(before ?? SHADOW), value: make(object[key]) });
    },
    add: (object, key, descriptor) => define(object, key, undefined, { ...descriptor, configurable: true }),
    forget: (object) => void objects.delete(object),
    restore() {
      for (const [object, properties] of objects) {
        for (const [key, before] of properties) {
          if (before) Object.defineProperty(object, key, before);
          else Reflect.deleteProperty(object, key);
        }
      }
      objects.clear();
    },
  };
}

/** For a property that the object only inherits. */
const SHADOW: PropertyDescriptor = { writable: true, enumerable: false, configurable: true };
