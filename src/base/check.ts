import { inspect } from 'node:util';
import { CairnError, type ErrorCode } from './errors.ts';
import { didYouMean } from './suggest.ts';

/** What a value from a program must be. */
export interface Rule {
  /** Ends the sentence "it should be ...". */
  readonly should: string;
  readonly accepts: (value: unknown) => boolean;
  /** The words among which a misspelt one is looked for. */
  readonly words?: readonly string[];
}

export const TEXT: Rule = { should: 'text', accepts: (value) => typeof value === 'string' };
export const FLAG: Rule = { should: 'true or false', accepts: (value) => typeof value === 'boolean' };
export const FUNCTION: Rule = { should: 'a function', accepts: (value) => typeof value === 'function' };
export const OBJECT: Rule = { should: 'an object', accepts: isObject };
export const PORT: Rule = wholeNumber(0, 65_535);

/** Text of a certain kind: `should` says which. */
export function textSuchAs(should: string): Rule {
  return { ...TEXT, should };
}

export function oneOf(words: readonly string[]): Rule {
  return { should: `one of ${words.join(', ')}`, accepts: (value) => words.some((word) => word === value), words };
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): Rule {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`;
  const accepts = (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  return { should: `a whole number ${range}`, accepts };
}

export function listOf(rule: Rule): Rule {
  const accepts = (value: unknown) => Array.isArray(value) && value.every((item) => rule.accepts(item));
  return { should: `a list, each item ${rule.should}`, accepts };
}

export function either(...rules: readonly Rule[]): Rule {
  return {
    should: rules.map(({ should }) => should).join(', or '),
    accepts: (value) => rules.some((rule) => rule.accepts(value)),
  };
}

/** An object whose values all follow a rule. */
export function mapOf(rule: Rule): Rule {
  const accepts = (value: unknown) => isObject(value) && Object.values(value).every((item) => rule.accepts(item));
  return { should: `an object, each value ${rule.should}`, accepts };
}

/** A value may also be undefined. */
export function optional(rule: Rule): Rule {
  return { ...rule, accepts: (value) => value === undefined || rule.accepts(value) };
}

/** Checks the arguments of a program for one part of the API: its errors have one code. */
export interface Checks {
  /** @throws CairnError that names the value as `what` */
  value(what: string, value: unknown, rule: Rule): void;
  /**
   * Checks an object with options; an option that is undefined is not given. `what` names who takes them.
   *
   * @throws CairnError for another value than an object, an option that does not exist, and a value that its rule does not accept
   */
  options(what: string, options: unknown, rules: Readonly<Record<string, Rule>>): void;
}

export function checksWith(code: ErrorCode): Checks {
  const value: Checks['value'] = (what, given, rule) => {
    if (rule.accepts(given)) return;
    const meant = typeof given === 'string' ? didYouMean(given, rule.words ?? []) : '';
    throw new CairnError(code, `${what} is ${shown(given)}, it should be ${rule.should}${meant}`);
  };
  return {
    value,
    options(what, options, rules) {
      checkKeys(code, what, options, Object.keys(rules));
      for (const [name, given] of Object.entries(options as object))
        value(`${what}: ${name}`, given, optional(rules[name]!));
    },
  };
}

/** @throws CairnError for another value than an object, and for a key that is not known; `what` names who takes the options */
export function checkKeys(code: ErrorCode, what: string, options: unknown, known: readonly string[]): void {
  if (!isObject(options)) throw new CairnError(code, `${what} takes an object with options, not ${shown(options)}`);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const instead = didYouMean(unknown, known) || `; it has ${known.join(', ')}`;
  throw new CairnError(code, `${what} has no option \`${unknown}\`${instead}`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_SHOWN = 60;

/** A value in an error. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}
