import { CairnError } from '../../base/errors.ts';
import { parseIP, prefixContains } from '../../dns/ip.ts';
import type { Name } from '../../dns/name.ts';
import type { Surroundings } from './route.ts';

/** What tells names of the cluster from others. */
export interface Inside extends Pick<Surroundings, 'registry' | 'serviceCidrs' | 'podCidrs'> {
  readonly zone: Name;
}

/** How many names and addresses are remembered; the first ones tell what is wrong. */
const MAX_UNEXPECTED = 64;

/** The namespaces that each cluster has, such as for `kubernetes.default`. */
const ALWAYS_THERE = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** The names and addresses outside of the cluster that a program wanted, and that nobody had foreseen. */
export interface Outside {
  note(what: string): void;
  list(): readonly string[];
  /** @throws CairnError that names them, if there are any */
  report(): void;
}

export function createOutside(): Outside {
  const noted = new Set<string>();
  return {
    note(what) {
      if (noted.size < MAX_UNEXPECTED) noted.add(what);
    },
    list: () => [...noted],
    report() {
      if (noted.size === 0) return;
      const remedy = 'Add them to `externals` of startCluster, or install with `passThrough: true`';
      const more = noted.size === MAX_UNEXPECTED ? ' and perhaps more' : '';
      throw new CairnError(
        'INSTALL',
        `the program wanted what is outside of the cluster: ${[...noted].join(', ')}${more}. ${remedy}`,
      );
    },
  };
}

/**
 * Whether a name is meant to be outside of the cluster. A short name is not, such as `web` or `web.shop`, and a name of the cluster's zone is not.
 * An address, for a reverse lookup, is inside if a service or pod may have it.
 */
export function isOutside(name: string, { zone, registry, serviceCidrs, podCidrs }: Inside): boolean {
  const ip = parseIP(name);
  if (ip) return ![...serviceCidrs, ...podCidrs].some((network) => prefixContains(network, ip));
  const plain = name.toLowerCase().replace(/\.$/, '');
  if (!plain.includes('.') || `.${plain}.`.endsWith(`.${zone}`)) return false;
  const last = plain.slice(plain.lastIndexOf('.') + 1);
  return last !== 'svc' && !ALWAYS_THERE.has(last) && registry.namespace(last) === undefined;
}
