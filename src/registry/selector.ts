import { CairnError } from '../base/errors.ts';

export type Labels = Readonly<Record<string, string>>;

/** One requirement of a label selector; all of them must hold. */
interface Requirement {
  readonly key: string;
  readonly operator: 'in' | 'notin' | 'exists' | 'absent';
  /** The values of `in` and `notin`. */
  readonly values: readonly string[];
}

/** A label selector: requirements that must all hold. The empty one selects everything. */
export type Selector = readonly Requirement[];

/** A label selector that does not follow Kubernetes' grammar. */
class SelectorError extends CairnError {
  constructor(message: string) {
    super('SELECTOR', message);
  }
}

const NAME = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const KEY = new RegExp(`^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${NAME}$`);
const VALUE = new RegExp(`^(?:${NAME})?$`);
const KEY_RULE =
  'a key is an optional DNS name and "/", then at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';
const VALUE_RULE =
  'a value is at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit';

/**
 * Reads a label selector like that of kubectl's `-l`: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`,
 * joined by commas that mean "and".
 *
 * @throws SelectorError
 */
export function parseSelector(text: string): Selector {
  if (text.trim() === '') return [];
  return splitRequirements(text).map((part) => parseRequirement(part.trim(), text));
}

/** Whether an object with these labels is selected. As in Kubernetes, `!=` and `notin` also select an object without the key. */
export function selects(selector: Selector, labels: Labels): boolean {
  return selector.every((requirement) => holds(requirement, labels));
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
  }
}

/** Whether the labels match a Service's `spec.selector`; there an empty selector selects nothing. */
export function matchLabels(selector: Labels, labels: Labels): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

/** Commas within parentheses separate values, the others requirements. */
function splitRequirements(text: string): string[] {
  return text.split(/,(?![^(]*\))/);
}

function parseRequirement(part: string, text: string): Requirement {
  const fail = (problem: string): never => {
    throw new SelectorError(`"${part}" in the label selector "${text}": ${problem}`);
  };
  const key = (name: string): string => (KEY.test(name) ? name : fail(`"${name}" is not a label key: ${KEY_RULE}`));
  const value = (word: string): string =>
    VALUE.test(word) ? word : fail(`"${word}" is not a label value: ${VALUE_RULE}`);
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set) {
    const [, name = '', operator, list = ''] = set;
    return {
      key: key(name),
      operator: operator as 'in' | 'notin',
      values: list.split(',').map((v) => value(v.trim())),
    };
  }
  const comparison = /^([^=!]*)(==|=|!=)(.*)$/.exec(part);
  if (comparison) {
    const [, name = '', operator, word = ''] = comparison;
    return { key: key(name.trim()), operator: operator === '!=' ? 'notin' : 'in', values: [value(word.trim())] };
  }
  if (part === '') return fail('a requirement is missing before or after a comma');
  const presence = /^(!?)\s*([^\s()<>]+)$/.exec(part);
  if (!presence) return fail('it should be KEY, !KEY, KEY=VALUE, KEY!=VALUE, KEY in (A,B) or KEY notin (A,B)');
  const [, not, name = ''] = presence;
  return { key: key(name), operator: not === '' ? 'exists' : 'absent', values: [] };
}

/** The selector as text for {@link parseSelector} and for an API server. */
export function printSelector(selector: Selector): string {
  return selector.map(printRequirement).join(',');
}

function printRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'in':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'notin':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
    case 'exists':
      return key;
    case 'absent':
      return `!${key}`;
  }
}
