import type { ReadonlyRegistry } from '../registry/registry.ts';
import { type Selector, selects } from '../registry/selector.ts';
import { namespaceAt } from './client-view.ts';

/** Some namespaces: all, the one with a name, or those whose labels a selector selects. */
export type Namespaces = '*' | { readonly name: string } | { readonly labels: Selector };

/** Which namespaces clients see besides their own. */
export interface Isolation {
  /** Whether clients that are no known pod see all namespaces; otherwise they see none. */
  readonly others: 'allow' | 'deny';
  /** Pods of the namespaces `from` see the namespaces `to`. */
  readonly rules: readonly { readonly from: Namespaces; readonly to: readonly Namespaces[] }[];
}

/** Clients that see the same namespaces. */
export interface Tenant {
  /** Different for different tenants. */
  readonly key: string;
  /** For people. */
  readonly title: string;
  /** The namespaces that the tenant sees; undefined for all. */
  readonly visible: (() => ReadonlySet<string>) | undefined;
}

const NOTHING: ReadonlySet<string> = new Set();
const DENIED: Tenant = { key: '', title: 'clients that are no known pods', visible: () => NOTHING };
const EVERYTHING: Tenant = { key: '*', title: 'all', visible: undefined };

/** The most tenants that are kept. Their number is that of the namespaces with pods that ask. */
export const MAX_TENANTS = 4096;

/** Finds the tenant of a client by its address, in canonical text. */
export function createTenants(registry: ReadonlyRegistry, isolation: Isolation): (address: string) => Tenant {
  const kept = new Map<string, Tenant>();
  return (address) => {
    const namespace = namespaceAt(registry, address);
    if (namespace === undefined) {
      // The client may be a pod that is not known yet.
      return isolation.others === 'allow' && registry.synced ? EVERYTHING : DENIED;
    }
    const known = kept.get(namespace);
    if (known) return known;
    const tenant = tenantOf(namespace, registry, isolation);
    if (kept.size >= MAX_TENANTS) kept.clear();
    kept.set(namespace, tenant);
    return tenant;
  };
}

/** The pods of a namespace. What they see is found out again after namespaces have changed. */
function tenantOf(namespace: string, registry: ReadonlyRegistry, isolation: Isolation): Tenant {
  let visible = NOTHING;
  let madeAt: number | undefined;
  return {
    key: namespace,
    title: `pods of the namespace ${namespace}`,
    visible() {
      const { value } = registry.epochs.namespaces;
      if (value !== madeAt) visible = namespacesSeenBy(namespace, registry, isolation);
      madeAt = value;
      return visible;
    },
  };
}

function namespacesSeenBy(from: string, registry: ReadonlyRegistry, { rules }: Isolation): ReadonlySet<string> {
  const seen = new Set([from]);
  const targets = rules.filter((rule) => includes(rule.from, from, registry)).flatMap(({ to }) => to);
  for (const { name } of registry.namespaces()) {
    if (targets.some((target) => includes(target, name, registry))) seen.add(name);
  }
  return seen;
}

/** Labels that are not known match no selector, not even one that asks for the absence of a label. */
function includes(namespaces: Namespaces, name: string, registry: ReadonlyRegistry): boolean {
  if (namespaces === '*') return true;
  if ('name' in namespaces) return namespaces.name === name;
  const labels = registry.namespace(name)?.labels;
  return labels !== undefined && selects(namespaces.labels, labels);
}
