/** `derive` with its results kept as long as the records that they come from. */
export function perRecord<R extends object, T>(derive: (record: R) => T): (record: R) => T {
  const known = new WeakMap<R, { readonly derived: T }>();
  return (record) => {
    let entry = known.get(record);
    if (!entry) {
      entry = { derived: derive(record) };
      known.set(record, entry);
    }
    return entry.derived;
  };
}
