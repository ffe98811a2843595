/** So many different texts are remembered; then remembering begins anew. */
const MAX_SHARED = 65_536;

const known = new Map<string, string>();

/** An equal text that was seen before, if there is one: names of nodes and zones stand in very many objects, and each would keep its own. */
export function shared<T extends string | undefined>(text: T): T {
  if (text === undefined) return text;
  const earlier = known.get(text);
  if (earlier !== undefined) return earlier as T;
  if (known.size >= MAX_SHARED) known.clear();
  known.set(text, text);
  return text;
}
