import dns from 'node:dns/promises';

/** The functions of a resolver that this program needs. `node:dns/promises` and a pod of the test kit have them. */
export interface Resolver {
  resolveSrv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  lookup(name: string): Promise<{ address: string }>;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 5432;

/**
 * Finds the servers of the database: the members of the headless service `db`, with the preferred ones first, or else the
 * server behind the service `postgres`.
 *
 * Node's `resolveSrv` uses no search list, so its name is complete. `lookup` uses the system's resolver, which has one.
 */
export async function findDatabase(namespace: string, resolver: Resolver = dns): Promise<readonly Endpoint[]> {
  try {
    const members = await resolver.resolveSrv(`_pg._tcp.db.${namespace}.svc.cluster.local`);
    members.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
    return members.map(({ name, port }) => ({ host: name, port }));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const { address } = await resolver.lookup('postgres');
  return [{ host: address, port: DEFAULT_PORT }];
}

/** Whether the name or its records do not exist, rather than that the lookup failed. */
function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA');
}
