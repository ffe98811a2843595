import { didYouMean } from '../../base/suggest.ts';
import { RequestError } from './http.ts';

/** The parameters of a request, by name. */
export type Parameters<N extends string> = ReadonlyMap<N, string>;

/** @throws RequestError for a parameter that there is not, or that is given twice */
export function readParameters<N extends string>(query: URLSearchParams, known: readonly N[]): Parameters<N> {
  const parameters = new Map<N, string>();
  for (const [word, value] of query) {
    const name = known.find((one) => one === word);
    if (name === undefined) {
      throw new RequestError(
        400,
        `there is no parameter '${word}', expecting some of ${known.join(', ')}${didYouMean(word, known)}`,
      );
    }
    if (parameters.has(name)) throw new RequestError(400, `'${name}' is given twice`);
    parameters.set(name, value);
  }
  return parameters;
}

/** A whole number within bounds; undefined if the parameter is not given. @throws RequestError */
export function numberOf<N extends string>(
  parameters: Parameters<N>,
  name: N,
  { max }: { readonly max: number },
): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new RequestError(400, `'${name}' cannot be '${text}', expecting a whole number from 1 to ${max}`);
}
