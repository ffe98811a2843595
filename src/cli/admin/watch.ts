import { once } from 'node:events';
import { CairnError, messageOf } from '../../base/errors.ts';
import { type AdminFlags, follow } from './client.ts';

/**
 * Prints the values of a stream as they come, until the server ends it. Ends quietly after Ctrl-C, and when nobody reads the output any more. Returns
 * whether the user ended it.
 *
 * @throws CairnError if the server cannot be reached any more
 */
export async function watch<T>(
  flags: AdminFlags,
  path: string,
  query: URLSearchParams,
  print: (value: T) => string,
  opened?: () => void,
): Promise<boolean> {
  const { stdout } = process;
  const abort = new AbortController();
  const leave = () => abort.abort();
  process.once('SIGINT', leave);
  stdout.once('error', leave);
  try {
    for await (const value of follow<T>(flags, path, query, abort.signal, opened)) {
      if (stdout.write(print(value)) || abort.signal.aborted) continue;
      // The server leaves out what a slow reader cannot take.
      await once(stdout, 'drain', { signal: abort.signal });
    }
  } catch (error) {
    if (abort.signal.aborted) return true;
    if (error instanceof CairnError) throw error;
    throw new CairnError('ADMIN', `the connection to ${flags.admin} has ended: ${messageOf(error)}`);
  } finally {
    process.off('SIGINT', leave);
    stdout.off('error', leave);
  }
  return abort.signal.aborted;
}

/** The error of a stream that was to go on. */
export function endedEarly({ admin }: AdminFlags): CairnError {
  return new CairnError('ADMIN', `the server at ${admin} has ended the stream: it stops, or its Corefile has changed`);
}

/** The parameters of a request that flags give. */
export function queryOf(values: Readonly<Record<string, unknown>>, names: readonly string[]): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of names) if (values[name] !== undefined) query.set(name, String(values[name]));
  return query;
}
