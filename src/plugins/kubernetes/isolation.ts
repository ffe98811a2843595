import { CairnError } from '../../base/errors.ts';
import { listed } from '../../base/listed.ts';
import { createTenants, type Isolation, type Tenant } from '../../cluster/tenants.ts';
import { type Zone, zoneOf } from '../../cluster/zone.ts';
import type { Name } from '../../dns/name.ts';
import type { Cell } from '../../observe/metrics.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { Query } from '../../plugin/query.ts';
import type { ReadonlyRegistry } from '../../registry/registry.ts';

/** What clients see of the zones. */
export interface ClientZones {
  /** The tenant of the client, if what it gets at the name depends on that. */
  tenantAt(query: Query, zone: Zone): Tenant | undefined;
  /** Counts the queries for names that exist, but not for their clients. */
  readonly hidden: Cell;
}

export function isolateClients(
  isolation: Isolation,
  registry: ReadonlyRegistry,
  { metrics, block }: PluginEnv,
): ClientZones {
  const find = createTenants(registry, isolation);
  const help = 'Queries for names that exist, but that `isolate` hides from the client.';
  return {
    tenantAt: ({ name, client }, zone) => (isSameForAll(name, zone) ? undefined : find(client.address)),
    hidden: metrics.counter('cairn_kubernetes_isolated_total', help, ['server']).cell(block.server),
  };
}

/**
 * Whether all clients get the same reply: the name is in every cluster, or no object can have it. A name that no object has, but could have, is treated like
 * one that is hidden: otherwise the time until its denial comes from the memo, or its TTL in `cache`, would tell one from the other.
 */
function isSameForAll(name: Name, { find, parse }: Zone): boolean {
  const contents = find(name);
  if (contents === undefined) return parse(name)?.kind === 'none';
  return contents.kind === 'version' || (contents.kind === 'parent' && contents.always);
}

/** Plugins that give the names of all namespaces to all clients. */
const FOR_ALL: readonly string[] = ['k8s_external', 'k8s_gateway'];

/** Says that zones are not transferred. @throws CairnError if a plugin of the block would tell clients what is hidden from them */
export function checkBlock({ block, log }: PluginEnv): void {
  const names = new Set(block.plugins().map(({ name }) => name));
  const tellers = FOR_ALL.filter((name) => names.has(name));
  if (names.has('transfer')) {
    log.warning("zones of 'kubernetes' are not transferred: a copy would hold what 'isolate' hides");
  }
  if (tellers.length === 0) return;
  throw new CairnError(
    'ISOLATION',
    `'isolate' hides names of other namespaces, and ${listed(tellers)} would tell them to all clients: remove one of them, or give it a server block that pods cannot ask`,
  );
}

/** Why a name that exists does not exist for a client; undefined if it does, or if it exists for nobody. */
export function explainHidden(query: Query, zones: readonly Zone[], clients: ClientZones): string | undefined {
  const zone = zoneOf(zones, query.name);
  const tenant = zone && clients.tenantAt(query, zone);
  if (!tenant?.visible || !zone!.find(query.name) || zone!.withOnly(tenant.visible).find(query.name)) return undefined;
  return `the option \`isolate\` hides it from ${tenant.title}`;
}
