import { setTimeout as pause } from 'node:timers/promises';
import { type Dice, dice } from '../interop/compare/dice.ts';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { type Api, ApiError, pathOf } from './api.ts';
import { readiness } from './nodes.ts';

/** Changes a cluster at random, as its users do. */
export interface Churn {
  /** Makes a number of writes a second for a while, and waits until they are done. */
  run(perSecond: number, durationMs: number): Promise<void>;
  /** How often each thing was done. */
  readonly done: ReadonlyMap<string, number>;
}

type Change = (d: Dice, api: Api) => Promise<unknown>;

const NAMESPACES = ['blue', 'green', 'red', 'white'];
const SERVICES = ['web', 'db', 'cache', 'queue'];
const PODS = 12;

/** How often each change is made, as a share of all. */
const CHANGES: readonly (readonly [name: string, share: number, Change])[] = [
  ['pod made', 150, (d, api) => api.create(pod(anyPlace(d), d.between(1, PODS)))],
  ['pod deleted', 90, (d, api) => api.delete(pod(anyPlace(d), d.between(1, PODS)))],
  ['readiness changed', 130, changeReadiness],
  ['service made', 50, (d, api) => api.create(service(d, anyPlace(d)))],
  ['service deleted', 25, (d, api) => api.delete(service(d, anyPlace(d)))],
  [
    'service changed',
    40,
    (d, api) => api.patch(service(d, anyPlace(d)), { metadata: { labels: { turn: `${d.between(1, 99)}` } } }),
  ],
  ['namespace made', 30, (d, api) => api.create(namespace(d.pick(NAMESPACES)))],
  ['namespace deleted', 3, deleteNamespace],
];

export function createChurn(api: Api, seed: number): Churn {
  const d = dice(seed);
  const done = new Map<string, number>();
  const bag = CHANGES.flatMap((change) => Array<(typeof CHANGES)[number]>(change[1]).fill(change));
  const isDone = async () => {
    const [name, , make] = d.pick(bag);
    try {
      if ((await make(d, api)) === false) return false;
      done.set(name, (done.get(name) ?? 0) + 1);
      return true;
    } catch (error) {
      // It is there already, or not there, or its namespace is about to end.
      if (!(error instanceof ApiError) || error.status >= 500) throw error;
      return false;
    }
  };
  const change = async () => {
    while (!(await isDone()));
  };
  return {
    done,
    async run(perSecond, durationMs) {
      for (const name of NAMESPACES) await api.create(namespace(name)).catch(() => {});
      const startMs = performance.now();
      const changes: Promise<void>[] = [];
      for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - startMs) {
        while (changes.length < (elapsedMs * perSecond) / 1000) changes.push(change());
        await pause(10);
      }
      await Promise.all(changes);
    },
  };
}

/** A service of both families with all its pods, in a namespace that nothing else changes: it has several slices of each family. */
export function fullService(): readonly KubernetesObject[] {
  const place = { namespace: 'full', app: 'web' };
  const whole: KubernetesObject = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: place.app, namespace: place.namespace } },
    spec: { selector: { app: place.app }, ports: [{ name: 'main', port: 80 }], ipFamilyPolicy: 'RequireDualStack' },
  };
  const pods = Array.from({ length: PODS }, (_, i) => pod(place, i + 1));
  return [namespace(place.namespace), whole, ...pods];
}

interface Place {
  readonly namespace: string;
  readonly app: string;
}

const anyPlace = (d: Dice): Place => ({ namespace: d.pick(NAMESPACES), app: d.pick(SERVICES) });

const namespace = (name: string): KubernetesObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

function pod({ namespace, app }: Place, number: number): KubernetesObject {
  const name = `${app}-${number}`;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app } } },
    spec: { hostname: name, subdomain: app, containers: [{ name: 'main', image: 'none' }] },
  };
}

/** Of both families, one or the other; with an address or without. */
function service(d: Dice, { namespace, app }: Place): KubernetesObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: app, namespace } },
    spec: {
      selector: { app },
      ports: [{ name: 'main', port: 80, targetPort: 8080 }],
      ...(d.chance(0.6) && { clusterIP: 'None' }),
      ...d.pick([{ ipFamilyPolicy: 'RequireDualStack' }, { ipFamilies: ['IPv6'] }, {}]),
    },
  };
}

/** Not one that is about to end. */
async function deleteNamespace(d: Dice, api: Api): Promise<boolean> {
  const one = namespace(d.pick(NAMESPACES));
  const known = (await api.list(pathOf('Namespace'))).find(({ metadata }) => metadata.name === one.metadata.name);
  return known !== undefined && !('deletionTimestamp' in known.metadata) && api.delete(one);
}

function changeReadiness(d: Dice, api: Api): Promise<unknown> {
  const one = pod(anyPlace(d), d.between(1, PODS));
  return api.patch(one, { status: { conditions: readiness(d.chance(0.5)) } }, 'status');
}
