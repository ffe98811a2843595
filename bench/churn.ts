import type { ApiServer, KubernetesObject } from '../test/support/api-server/index.ts';
import type { Asker } from './asker.ts';
import { sliceObject } from './big-cluster.ts';
import type { BenchService } from './cluster-objects.ts';
import { paced } from './pace.ts';

/** Changes in a cluster, one after the other. */
export interface Churn {
  /** The number of changes so far. */
  readonly updates: number;
  /** For each change of a watched service, the time until an answer showed it, in milliseconds. */
  readonly agesMs: readonly number[];
  stop(): void;
}

/** One of this number of updates is of a service that is asked for. */
const WATCHED_ONE_IN = 20;
/** The number of services that are asked for. */
const WATCHED = 50;

/**
 * Changes `perSecond` slices in a second: in each, another endpoint becomes not ready. With an asker, every twentieth change is of a headless
 * service, which is asked for until an answer shows the change.
 */
export function churn(
  api: ApiServer,
  services: readonly BenchService[],
  perSecond: number,
  asker: Asker | undefined,
): Churn {
  const rounds = new Map<BenchService, number>();
  const watched = services.filter(({ clusterIp }) => clusterIp === undefined).slice(0, WATCHED);
  const others = services.filter((service) => !watched.includes(service));
  const unshown = new Set<BenchService>();
  const agesMs: number[] = [];
  let updates = 0;

  const change = (service: BenchService): number => {
    const unready = ((rounds.get(service) ?? -1) + 1) % service.endpoints.length;
    rounds.set(service, unready);
    api.put(sliceObject(service, unready));
    return unready;
  };
  const changeAndAsk = async (service: BenchService, { untilAnswered }: Asker) => {
    if (unshown.has(service)) return;
    unshown.add(service);
    const startMs = performance.now();
    const gone = service.endpoints[change(service)]!;
    const name = `${service.name}.${service.namespace}.svc.cluster.local`;
    const atMs = await untilAnswered(name, (addresses) => addresses.length > 0 && !addresses.includes(gone));
    agesMs.push(atMs - startMs);
    unshown.delete(service);
  };
  const update = () => {
    updates++;
    const number = updates / WATCHED_ONE_IN;
    if (asker && Number.isInteger(number)) void changeAndAsk(watched[number % watched.length]!, asker);
    else change(others[(updates * 7) % others.length]!);
  };
  const stop = paced(perSecond, update);
  return {
    get updates() {
      return updates;
    },
    agesMs,
    stop,
  };
}

/** The same work for the stand-in, with objects that no DNS server watches, for comparison. */
export function churnUnseen(api: ApiServer, services: readonly BenchService[], perSecond: number): { stop(): void } {
  let updates = 0;
  const stop = paced(perSecond, () => {
    const { metadata, endpoints } = sliceObject(services[updates % services.length]!, updates++ % 2);
    const pod: KubernetesObject = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { endpoints } };
    api.put(pod);
  });
  return { stop };
}
