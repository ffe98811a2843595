/** An address and port where connections may go. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Chooses among the endpoints of services as kube-proxy does. */
export interface Turns {
  /** `affinitySeconds` is how long the client stays with its endpoint after a connection; 0 lets the endpoints take turns. */
  next(service: string, endpoints: readonly Endpoint[], affinitySeconds: number): Endpoint;
}

interface Turn {
  readonly count: number;
  readonly last: Endpoint;
  readonly atMs: number;
}

/** It remembers one turn for each address and port of a service. There is one client: this process. */
export function createTurns(nowMs: () => number): Turns {
  const turns = new Map<string, Turn>();
  return {
    next(service, endpoints, affinitySeconds) {
      const atMs = nowMs();
      const before = turns.get(service);
      const stays = before !== undefined && atMs - before.atMs < affinitySeconds * 1000;
      const kept = stays ? endpoints.find((one) => isSame(one, before.last)) : undefined;
      const count = before?.count ?? 0;
      const last = kept ?? endpoints[count % endpoints.length]!;
      turns.set(service, { count: kept ? count : count + 1, last, atMs });
      return last;
    },
  };
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  return a.address === b.address && a.port === b.port;
}
