/** More items than this are counted, not listed. */
const MAX_LISTED = 6;

/** The different items, for people: the first ones, and how many more there are. */
export function listed(items: readonly string[]): string {
  const different = [...new Set(items)];
  const rest = different.length - MAX_LISTED;
  return different.slice(0, MAX_LISTED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
