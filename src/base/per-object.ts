/** `derive`, with each result kept as long as the object that it was made from. */
export function perObject<O extends object, T>(derive: (object: O) => T): (object: O) => T {
  const known = new WeakMap<O, { readonly derived: T }>();
  return (object) => {
    let entry = known.get(object);
    if (!entry) {
      entry = { derived: derive(object) };
      known.set(object, entry);
    }
    return entry.derived;
  };
}
