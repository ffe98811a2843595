import { ADDRCONFIG, ALL, getDefaultResultOrder, type LookupOptions, V4MAPPED } from 'node:dns';
import { shown } from '../base/check.ts';
import { didYouMean } from '../base/suggest.ts';

/** The options of `lookup`, checked and complete. */
export interface CheckedLookup {
  readonly family: 0 | 4 | 6;
  readonly all: boolean;
  readonly order: 'verbatim' | 'ipv4first' | 'ipv6first';
  readonly hints: number;
}

const ORDERS = ['verbatim', 'ipv4first', 'ipv6first'] as const;
const FAMILIES = [0, 4, 6] as const;
const FAMILY_NAMES: Readonly<Record<string, 4 | 6>> = { IPv4: 4, IPv6: 6 };

/**
 * Reads the options of `lookup` as node:dns does, which understands the names of families only with a callback.
 *
 * @throws TypeError with Node's codes
 */
export function checkLookup(options: LookupOptions | number | null | undefined, hasCallback: boolean): CheckedLookup {
  if (options !== null && !['object', 'number', 'undefined'].includes(typeof options))
    throw wrongType('options', 'an object or a family', options);
  const given: LookupOptions = typeof options === 'number' ? { family: options } : (options ?? {});
  const { all = false, verbatim, order, hints = 0 } = given;
  const named = hasCallback ? FAMILY_NAMES[String(given.family)] : undefined;
  const family = named ?? FAMILIES.find((one) => one === (given.family ?? 0));
  if (family === undefined) throw wrongValue('options.family', '0, 4 or 6', given.family);
  if (typeof all !== 'boolean') throw wrongType('options.all', 'a boolean', all);
  if (verbatim !== undefined && typeof verbatim !== 'boolean')
    throw wrongType('options.verbatim', 'a boolean', verbatim);
  if (order !== undefined && !ORDERS.includes(order))
    throw wrongValue('options.order', ORDERS.join(', '), order, ORDERS);
  if (typeof hints !== 'number') throw wrongType('options.hints', 'a number', hints);
  if ((hints & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0)
    throw wrongValue('options.hints', 'made of ADDRCONFIG, ALL and V4MAPPED', hints);
  return { family, all, hints, order: order ?? orderOf(verbatim) };
}

function orderOf(verbatim: boolean | undefined): CheckedLookup['order'] {
  if (verbatim === undefined) return getDefaultResultOrder();
  return verbatim ? 'verbatim' : 'ipv4first';
}

/** @throws TypeError if it is not a text */
export function checkName(argument: string, name: unknown): void {
  if (typeof name !== 'string') throw wrongType(argument, 'a string', name);
}

export function wrongType(what: string, right: string, given: unknown): TypeError {
  return withCode('ERR_INVALID_ARG_TYPE', `"${what}" must be ${right}, not ${shown(given)}`);
}

/** `words` are those among which a misspelt one is looked for. */
export function wrongValue(what: string, right: string, given: unknown, words: readonly string[] = []): TypeError {
  const meant = typeof given === 'string' ? didYouMean(given, words) : '';
  return withCode('ERR_INVALID_ARG_VALUE', `"${what}" must be ${right}, not ${shown(given)}${meant}`);
}

export function outOfRange(what: string, right: string, given: number): RangeError {
  return Object.assign(new RangeError(`"${what}" must be ${right}, not ${given}`), { code: 'ERR_OUT_OF_RANGE' });
}

/** An error with a code of Node.js, as its own functions throw it. */
export function withCode(code: `ERR_${string}`, message: string): TypeError {
  return Object.assign(new TypeError(message), { code });
}
