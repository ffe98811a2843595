import { messageOf } from '../base/errors.ts';
import { parseName } from '../dns/name.ts';
import type { Settings } from './settings.ts';
import type { Candidate } from './stub.ts';

/** The number of dots in the name, including one at its end. It is compared with ndots. */
export function dotsIn(name: string): number {
  return name.split('.').length - 1;
}

export function isAbsolute(name: string): boolean {
  return name.endsWith('.');
}

/** The name as typed, made absolute. */
export function asTyped(name: string, reason: string): Candidate {
  return { name: isAbsolute(name) ? name : `${name}.`, reason };
}

/** The name completed with each element of the search list; the element `.` gives the name as typed. */
export function completed(name: string, { search }: Pick<Settings, 'search'>): Candidate[] {
  return search.map((element, i) => {
    const suffix = element.replace(/^\.|\.$/g, '');
    return { name: suffix === '' ? `${name}.` : `${name}.${suffix}.`, suffix: element, reason: placeOf(i, search) };
  });
}

/** The same by plain concatenation: an element that begins with a dot gives a name with an empty label. */
export function concatenated(name: string, { search }: Pick<Settings, 'search'>): Candidate[] {
  return search.map((element, i) => {
    const complete = `${name}.${element}`;
    return { name: isAbsolute(complete) ? complete : `${complete}.`, suffix: element, reason: placeOf(i, search) };
  });
}

function placeOf(i: number, search: readonly string[]): string {
  return `search list, element ${i + 1} of ${search.length}`;
}

/** Whether a query can hold the name: no label is empty or too long, and the name is not too long (RFC 1035 §3.1). */
export function isSendable({ name }: Pick<Candidate, 'name'>): boolean {
  return problemOf(name) === undefined;
}

/** Why no query can hold the name; undefined if one can. */
export function problemOf(name: string): string | undefined {
  try {
    parseName(name);
    return undefined;
  } catch (error) {
    return messageOf(error).replace(`"${name}" `, 'it ');
  }
}

/** The candidates before the first one that cannot be sent, where the resolver gives up. */
export function untilUnsendable<T extends Pick<Candidate, 'name'>>(list: readonly T[]): readonly T[] {
  const end = list.findIndex((one) => !isSendable(one));
  return end === -1 ? list : list.slice(0, end);
}

/** Says why the name as typed comes before or after the search list. */
export function dotsReason(name: string, ndots: number): string {
  const dots = dotsIn(name);
  const count = `${dots} dot${dots === 1 ? '' : 's'}`;
  return dots >= ndots ? `as typed, first: ${count} ≥ ndots ${ndots}` : `as typed, last: ${count} < ndots ${ndots}`;
}

export const ABSOLUTE_REASON = 'as typed: the dot at the end makes it absolute';
