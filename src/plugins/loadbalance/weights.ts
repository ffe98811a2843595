import { CairnError } from '../../base/errors.ts';
import { canonicalIP } from '../../dns/ip.ts';
import { foldName, type Name, parseUnicodeName } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/rr.ts';
import { isAddress, type Records } from './order.ts';

/** The weights of addresses, in canonical text, by folded name. */
export type Weights = ReadonlyMap<Name, ReadonlyMap<string, number>>;

/** The maximum size of a file of weights. */
export const MAX_FILE_OCTETS = 4 * 1024 * 1024;

const MAX_WEIGHT = 255;

/** The weight of an address that the file does not name. */
const DEFAULT_WEIGHT = 1;

/** A mistake in a file of weights. */
class WeightsError extends CairnError {
  constructor(path: string, line: number, message: string) {
    super('LOADBALANCE_WEIGHTS', `${path}:${line}: ${message}`);
  }
}

/**
 * Reads a file of weights: lines with a domain name, each followed by lines `ADDRESS WEIGHT`; `#` starts a comment.
 *
 * @throws WeightsError
 */
export function parseWeights(path: string, text: string): Weights {
  const weights = new Map<Name, Map<string, number>>();
  let current: Map<string, number> | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/s, '').trim().split(/\s+/);
    const fail = (message: string): never => {
      throw new WeightsError(path, index + 1, message);
    };
    if (words[0] === '') continue;
    if (words.length === 1) {
      const name = readDomain(words[0]!, fail);
      current = weights.get(name) ?? new Map();
      weights.set(name, current);
    } else {
      if (words.length > 2) fail('a domain name or an address and its weight are expected');
      if (current === undefined) return fail('a domain name must come before the first address');
      current.set(...readWeight(words as [string, string], fail));
    }
  }
  return weights;
}

type Fail = (message: string) => never;

function readDomain(text: string, fail: Fail): Name {
  if (canonicalIP(text)) fail(`the address ${text} has no weight`);
  try {
    return foldName(parseUnicodeName(text));
  } catch (thrown) {
    return fail((thrown as Error).message);
  }
}

function readWeight([text, weight]: [string, string], fail: Fail): [string, number] {
  const address = canonicalIP(text) ?? fail(`"${text}" is not an IP address`);
  if (!/^\d{1,3}$/.test(weight) || Number(weight) < 1 || Number(weight) > MAX_WEIGHT) {
    fail(`the weight must be a whole number from 1 to ${MAX_WEIGHT}, not "${weight}"`);
  }
  return [address, Number(weight)];
}

/** Draws one of the addresses, with a probability in proportion to its weight, and moves it before the others. Other records stay in place. */
export function drawFirst(records: Records, qname: Name, weights: Weights, random: () => number): Records {
  const addresses = records.filter(isAddress);
  const [first] = addresses;
  if (first === undefined || addresses.length < 2) return records;
  const known = weights.get(qname) ?? weights.get(foldName(first.name));
  const weightOf = (record: ResourceRecord) =>
    known?.get((record.data as { address: string }).address) ?? DEFAULT_WEIGHT;
  let left = Math.floor(random() * addresses.reduce((sum, record) => sum + weightOf(record), 0));
  const drawn = addresses.find((record) => {
    left -= weightOf(record);
    return left < 0;
  })!;
  const others = records.filter((record) => record !== drawn);
  others.splice(records.indexOf(first), 0, drawn);
  return others;
}
