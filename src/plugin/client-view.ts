import type { Name } from '../dns/name.ts';

/** What a plugin that knows the pods of a cluster lets others see of clients and their names. */
export interface ClientView {
  /**
   * The namespace of the pod with this address, given in canonical text. It is undefined for an address that no pod has, or pods of several
   * namespaces, and for a pod in the network of its node.
   */
  namespaceOf(address: string): string | undefined;
  /** Whether a (folded) name is one of the cluster's. */
  holds(name: Name): boolean;
  /** The domains, folded, that the kubelet lets pods of a namespace put behind names, if one of them may lead to this (folded) name. */
  searchList(name: Name, namespace: string): readonly Name[] | undefined;
  /** The (folded) domain of the cluster in the search lists of its pods. */
  readonly domain: Name | undefined;
}

/** A client that is a pod of a cluster. */
interface KnownClient {
  readonly view: ClientView;
  readonly namespace: string;
}

/** The cluster in which a pod has this address, and its namespace there. */
export function findClient(address: string, views: readonly ClientView[]): KnownClient | undefined {
  for (const view of views) {
    const namespace = view.namespaceOf(address);
    if (namespace !== undefined) return { view, namespace };
  }
  return undefined;
}
