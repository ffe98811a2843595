import { isAtOrBelow, type Name } from '../dns/name.ts';
import type { Gateway, Listener, Parent, Route, RouteKind } from '../registry/declared-records.ts';

/** The host names under which a Gateway that is a parent of a route serves it: those that the route and one of the listeners have in common. */
export function servedHosts(kind: RouteKind, route: Route, parent: Parent, gateway: Gateway): readonly Name[] {
  return gateway.listeners
    .filter((listener) => admits(listener, kind, route, parent))
    .flatMap(({ hostname }) => commonHosts(route.hostnames, hostname));
}

function admits(listener: Listener, kind: RouteKind, { namespace }: Route, parent: Parent): boolean {
  if (parent.sectionName !== undefined && parent.sectionName !== listener.name) return false;
  if (parent.port !== undefined && parent.port !== listener.port) return false;
  if (!listener.routes.includes(kind) || listener.from === 'None') return false;
  return listener.from !== 'Same' || namespace === parent.namespace;
}

/** Without host names of its own, a route has those of its listeners. */
function commonHosts(hostnames: readonly Name[], listener: Name | undefined): readonly Name[] {
  if (listener === undefined) return hostnames;
  if (hostnames.length === 0) return [listener];
  return hostnames.flatMap((host) => commonHost(host, listener) ?? []);
}

/** The more specific of two host names that have names in common. */
function commonHost(a: Name, b: Name): Name | undefined {
  if (a === b || isBelowWildcard(a, b)) return a;
  return isBelowWildcard(b, a) ? b : undefined;
}

/** Whether a wildcard covers all names of a host name; here `*` stands for one or more labels. */
function isBelowWildcard(host: Name, wildcard: Name): boolean {
  if (!wildcard.startsWith('*.')) return false;
  const suffix = wildcard.slice(2);
  return host !== suffix && isAtOrBelow(host, suffix) && host !== wildcard;
}
