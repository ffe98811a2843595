import { messageOf } from '../../../base/errors.ts';
import { expectingOneOf } from '../../../base/suggest.ts';
import { NameError, parseUnicodeName } from '../../../dns/name.ts';
import { parseType } from '../../../dns/rr.ts';
import { ControlError } from '../../../plugin/server-control.ts';
import { RequestError } from '../http.ts';

/** @throws RequestError for a name that the request may not have */
export function onlyKnown(given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new RequestError(400, `there is no "${unknown}" here: ${expectingOneOf(unknown, known)}`);
}

/** The parameter `name`, as it is. @throws RequestError */
export function nameIn(query: URLSearchParams): string {
  const name = query.get('name');
  if (name === null || name === '')
    throw new RequestError(400, 'name is missing: add name=NAME, such as name=www.example.org');
  return checkedName(name);
}

/** @throws RequestError for what no name can be */
export function checkedName(name: string): string {
  try {
    parseUnicodeName(name);
    return name;
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new RequestError(400, `${messageOf(error)}: a name is such as www.example.org`);
  }
}

/** The parameter `type`; undefined if it is not given. @throws RequestError */
export function typeIn(query: URLSearchParams): number | undefined {
  const text = query.get('type');
  if (text === null) return undefined;
  const type = parseType(text.toUpperCase());
  if (type === undefined)
    throw new RequestError(400, `type cannot be "${text}": it is a record type such as A, AAAA or SRV`);
  return type;
}

/** What the server says. @throws RequestError where the server does not do it */
export async function controlled<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof ControlError ? new RequestError(error.status, error.message) : error;
  }
}
