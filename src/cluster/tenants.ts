import type { ReadonlyRegistry } from '../registry/registry.ts';
import { type Selector, selects } from '../registry/selector.ts';
import { namespaceAt } from './client-view.ts';
import type { VisibleNamespaces } from './cluster.ts';

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
  readonly visible: VisibleNamespaces | undefined;
}

const NOTHING: ReadonlySet<string> = new Set();
const DENIED: Tenant = { key: '', title: 'clients that are no known pods', visible: NOTHING };
const EVERYTHING: Tenant = { key: '*', title: 'all', visible: undefined };

/** The most tenants that are kept. Their number is that of the namespaces with pods that ask. */
export const MAX_TENANTS = 4096;

/** Finds the tenant of a client by its address, in canonical text. */
export function createTenants(registry: ReadonlyRegistry, isolation: Isolation): (address: string) => Tenant {
  const kept = new Map<string, Tenant>();
  const granted = grantsOf(registry, isolation);
  return (address) => {
    const namespace = namespaceAt(registry, address);
    if (namespace === undefined) {
      return isolation.others === 'allow' && !mayBePod(address, registry) ? EVERYTHING : DENIED;
    }
    const known = kept.get(namespace);
    if (known) return known;
    const tenant = tenantOf(namespace, granted);
    if (kept.size >= MAX_TENANTS) kept.clear();
    kept.set(namespace, tenant);
    return tenant;
  };
}

/** Whether the client is perhaps a pod of a namespace: one that is not known yet, or one of several with the address. */
function mayBePod(address: string, registry: ReadonlyRegistry): boolean {
  return !registry.synced || registry.podsAt(address).some(({ hostNetwork }) => !hostNetwork);
}

/** The pods of a namespace. */
function tenantOf(namespace: string, granted: (from: string) => ReadonlySet<string>): Tenant {
  return {
    key: namespace,
    title: `pods of the namespace ${namespace}`,
    visible: {
      has: (name) => name === namespace || granted(namespace).has(name),
      *[Symbol.iterator]() {
        yield namespace;
        yield* granted(namespace);
      },
    },
  };
}

/**
 * The namespaces that rules let the pods of a namespace see. They are found out again after namespaces have changed. Namespaces with the same rules share
 * one set: otherwise a rule for all would take the square of their number in memory.
 */
function grantsOf(registry: ReadonlyRegistry, { rules }: Isolation): (from: string) => ReadonlySet<string> {
  const byNamespace = new Map<string, ReadonlySet<string>>();
  const byRules = new Map<string, ReadonlySet<string>>();
  let madeAt: number | undefined;
  const find = (from: string) => {
    const holding = [...rules.keys()].filter((at) => includes(rules[at]!.from, from, registry));
    const key = holding.join();
    const found =
      byRules.get(key) ??
      namespacesIn(
        holding.flatMap((at) => rules[at]!.to),
        registry,
      );
    byRules.set(key, found);
    return found;
  };
  return (from) => {
    const { value } = registry.epochs.namespaces;
    if (value !== madeAt || byNamespace.size > MAX_TENANTS) {
      byNamespace.clear();
      byRules.clear();
      madeAt = value;
    }
    const granted = byNamespace.get(from) ?? find(from);
    byNamespace.set(from, granted);
    return granted;
  };
}

function namespacesIn(targets: readonly Namespaces[], registry: ReadonlyRegistry): ReadonlySet<string> {
  const found = new Set<string>();
  if (targets.length === 0) return found;
  for (const { name } of registry.namespaces()) {
    if (targets.some((target) => includes(target, name, registry))) found.add(name);
  }
  return found;
}

/** Labels that are not known match no selector, not even one that asks for the absence of a label. */
function includes(namespaces: Namespaces, name: string, registry: ReadonlyRegistry): boolean {
  if (namespaces === '*') return true;
  if ('name' in namespaces) return namespaces.name === name;
  const labels = registry.namespace(name)?.labels;
  return labels !== undefined && selects(namespaces.labels, labels);
}
