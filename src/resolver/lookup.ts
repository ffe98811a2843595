import { ADDRCONFIG, ALL, type LookupAddress, V4MAPPED } from 'node:dns';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { promisify } from 'node:util';
import type { Lookup, LookupOptions } from './api.ts';
import { type CheckedLookup, checkLookup, checkName, wrongType } from './arguments.ts';
import { lookupError } from './error.ts';
import type { Explainer } from './explainer.ts';
import { outsidePromises } from './outside-promises.ts';
import { reasonOf } from './reason.ts';

type Callback = (error: NodeJS.ErrnoException | null, ...found: unknown[]) => void;
type Given = LookupOptions | number | null | undefined;

/** `lookup` in both forms, by what an explainer finds. `families` are those of the machine's own addresses. */
export function createLookup(explainer: Explainer, families: readonly (4 | 6)[]): Lookup {
  const find = async (name: string, options: CheckedLookup, signal?: AbortSignal): Promise<LookupAddress[]> => {
    const literal = isIP(name);
    if (literal !== 0) return [{ address: name, family: literal }];
    return inOrder(await findAddresses(explainer, families, name, options, signal), options.order);
  };
  const lookup = (name: string, given?: Given | Callback, callback?: Callback) => {
    const then = typeof given === 'function' ? given : callback;
    const options = typeof given === 'function' ? undefined : given;
    if (callback !== undefined && typeof callback !== 'function') throw wrongType('callback', 'a function', callback);
    if (name) checkName('hostname', name);
    const checked = checkLookup(options, then !== undefined);
    const signal = typeof options === 'object' ? options?.signal : undefined;
    const finding = name ? find(name, checked, signal) : Promise.resolve(nothingFor(checked));
    if (!then) return finding.then((all) => (checked.all ? all : all[0]));
    finding.then(
      (all) => outsidePromises(() => (checked.all ? then(null, all) : then(null, all[0]!.address, all[0]!.family))),
      (error) => outsidePromises(() => then(error)),
    );
    return undefined;
  };
  return Object.assign(lookup, { [promisify.custom]: lookup }) as unknown as Lookup;
}

/** For an empty name, Node.js returns no address, without an error. */
function nothingFor({ all, family }: CheckedLookup): LookupAddress[] {
  return all ? [] : [{ address: null as unknown as string, family: family === 6 ? 6 : 4 }];
}

async function findAddresses(
  explainer: Explainer,
  families: readonly (4 | 6)[],
  name: string,
  { family, hints }: CheckedLookup,
  signal: AbortSignal | undefined,
): Promise<LookupAddress[]> {
  const has = (hint: number) => (hints & hint) !== 0;
  const asked = ([4, 6] as const).filter((one) => family === 0 || one === family);
  // An interface that is up has a link-local address of IPv6.
  const usable = has(ADDRCONFIG) ? asked.filter((one) => one === 6 || families.includes(one)) : asked;
  if (usable.length === 0) {
    const why = `the machine has no IPv${family} address, which ADDRCONFIG requires`;
    throw lookupError('ENOTFOUND', name, why);
  }
  const ask = (of: readonly (4 | 6)[]) => askFor(explainer, name, of, signal);
  if (family !== 6 || !has(V4MAPPED)) return reachableFirst(await ask(usable), families);
  const found = await ask([6]).catch((error) => (has(ALL) ? [] : ask([4]).catch(() => Promise.reject(error))));
  const more = has(ALL) ? await ask([4]).catch((error) => (found.length > 0 ? [] : Promise.reject(error))) : [];
  return reachableFirst([...found, ...more], families).map(mapped);
}

async function askFor(
  explainer: Explainer,
  name: string,
  families: readonly (4 | 6)[],
  signal: AbortSignal | undefined,
): Promise<LookupAddress[]> {
  const types = families.map((family) => (family === 4 ? 'A' : 'AAAA'));
  const explanation = await explainer.explain({ name: inAscii(name), types, kind: 'addresses' }, { signal });
  const { result } = explanation;
  if (!result.ok) throw lookupError(result.code, name, reasonOf(explanation) ?? result.why);
  return result.answers
    .filter(({ type }) => type === 'A' || type === 'AAAA')
    .map(({ type, data }) => ({ address: String(data), family: type === 'A' ? 4 : 6 }));
}

/** Punycode for a name that is not ASCII (RFC 5891); if that is not possible, the name itself. */
export function inAscii(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  return /^[\x00-\x7f]*$/.test(name) ? name : domainToASCII(name) || name;
}

function mapped({ address, family }: LookupAddress): LookupAddress {
  return family === 4 ? { address: `::ffff:${address}`, family: 6 } : { address, family };
}

/**
 * As much of RFC 6724 as the families decide: those that the machine cannot reach come last, the loopback address of IPv6 before that of
 * IPv4, and else IPv4 before IPv6.
 */
function reachableFirst(addresses: readonly LookupAddress[], families: readonly (4 | 6)[]): LookupAddress[] {
  const rank = ({ address, family }: LookupAddress) =>
    address === '::1' ? 0 : address.startsWith('127.') ? 1 : families.includes(family as 4 | 6) ? family : 10 + family;
  return addresses.toSorted((a, b) => rank(a) - rank(b));
}

function inOrder(addresses: readonly LookupAddress[], order: CheckedLookup['order']): LookupAddress[] {
  if (order === 'verbatim') return [...addresses];
  const first = order === 'ipv4first' ? 4 : 6;
  return addresses.toSorted((a, b) => Number(b.family === first) - Number(a.family === first));
}
