import { setTimeout as pause } from 'node:timers/promises';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { type Api, ApiError, type ApiObject, pathOf } from './api.ts';

/** An object that the API server did not take, and what it said. */
export interface Refused {
  readonly object: KubernetesObject;
  readonly message: string;
}

const SYSTEM = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const AT_ONCE = 16;

/** Creates objects, with their status, in their order of namespaces first; those that were refused. */
export async function fill(api: Api, objects: readonly KubernetesObject[]): Promise<Refused[]> {
  const refused: Refused[] = [];
  const create = async (object: KubernetesObject) => {
    try {
      if (SYSTEM.includes(object.metadata.name))
        await api.patch(object, { metadata: { labels: object.metadata.labels } });
      else await api.create(object);
      if (object.status !== undefined) await api.patch(object, { status: object.status }, 'status');
    } catch (error) {
      if (!(error instanceof ApiError) || error.status >= 500) throw error;
      refused.push({ object, message: error.message });
    }
  };
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
  await forEach(namespaces, create);
  await forEach(
    objects.filter((object) => !namespaces.includes(object)),
    create,
  );
  return refused;
}

/** Deletes all that {@link fill} has made, and waits until it is gone. */
export async function empty(api: Api): Promise<void> {
  const own = await contents(api);
  await forEach(own, (object) => api.delete(object, 0));
  // The controller manager ends namespaces.
  while ((await contents(api)).length > 0) await pause(100);
}

async function contents(api: Api): Promise<ApiObject[]> {
  const lists = ['Pod', 'EndpointSlice', 'Service', 'Namespace'].map((kind) => api.list(pathOf(kind)));
  return (await Promise.all(lists)).flat().filter(({ kind, metadata: { name, namespace } }) => {
    const isSystem = kind === 'Namespace' ? SYSTEM.includes(name) : namespace === 'default' && name === 'kubernetes';
    return !isSystem;
  });
}

async function forEach<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...list];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
    }),
  );
}
