interface Replaced {
  readonly object: object;
  readonly key: PropertyKey;
  readonly before: PropertyDescriptor | undefined;
}

/** Properties of objects of Node.js that hold something else for a while. */
export interface Replacements {
  /** `make` gets the present value. */
  replace<O extends object, K extends keyof O>(object: O, key: K, make: (before: O[K]) => O[K]): void;
  /** Adds a property that the object does not have. */
  add(object: object, key: PropertyKey, descriptor: PropertyDescriptor): void;
  /** Puts everything back as it was: values, descriptors, and no property where there was none. */
  restore(): void;
}

export function createReplacements(): Replacements {
  const replaced: Replaced[] = [];
  return {
    replace(object, key, make) {
      const before = Object.getOwnPropertyDescriptor(object, key);
      const value = make(object[key]);
      Object.defineProperty(object, key, { ...(before ?? SHADOW), value });
      replaced.push({ object, key, before });
    },
    add(object, key, descriptor) {
      Object.defineProperty(object, key, { ...descriptor, configurable: true });
      replaced.push({ object, key, before: undefined });
    },
    restore() {
      for (const { object, key, before } of replaced.splice(0).reverse()) {
        if (before) Object.defineProperty(object, key, before);
        else Reflect.deleteProperty(object, key);
      }
    },
  };
}

/** For a property that the object only inherits. */
const SHADOW: PropertyDescriptor = { writable: true, enumerable: false, configurable: true };
