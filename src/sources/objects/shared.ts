import type { Parent, Targets } from '../../registry/declared-records.ts';
import type { Port } from '../../registry/records.ts';

/** The maximum number of values of a kind that are remembered; then all are forgotten. */
const MAX_SHARED = 65_536;
/** A longer value, in characters of its key, is not remembered: few objects have it, and very many long values would fill the memory. */
export const MAX_SHARED_LENGTH = 512;

const texts = new Map<string, string>();
const portLists = new Map<string, readonly Port[]>();
const targetsByText = new Map<string, Targets>();
const parentLists = new Map<string, readonly Parent[]>();

/** An equal text that was seen before, if there is one: very many objects have the same namespace or zone, and each would keep a copy. */
export function shared<T extends string | undefined>(text: T): T {
  return text === undefined ? text : (remembered(texts, text, text) as T);
}

/** An equal list of ports that was seen before, if there is one: nearly all services and slices have one of a few lists. */
export function sharedPorts(ports: readonly Port[]): readonly Port[] {
  const key = ports.map(({ name, protocol, port }) => `${name}/${protocol}/${port}`).join();
  return remembered(portLists, key, ports);
}

/** Equal targets that were seen before, if there are any: nearly all Ingresses of a class lead to the same load balancer. */
export function sharedTargets(targets: Targets): Targets {
  return remembered(targetsByText, JSON.stringify(targets), targets);
}

/** An equal list of parents that was seen before, if there is one: most routes have one of a few Gateways. */
export function sharedParents(parents: readonly Parent[]): readonly Parent[] {
  return remembered(parentLists, JSON.stringify(parents), parents);
}

function remembered<T>(known: Map<string, T>, key: string, value: T): T {
  if (key.length > MAX_SHARED_LENGTH) return value;
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  if (known.size >= MAX_SHARED) known.clear();
  known.set(key, value);
  return value;
}
