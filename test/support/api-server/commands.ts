import type { KubernetesObject } from './objects.ts';
import type { ApiServer } from './server.ts';
import type { Switches } from './switches.ts';

/** What a stand-in in another process is told to do. */
export interface Command {
  readonly put?: KubernetesObject;
  readonly remove?: readonly [kind: string, namespace: string, name: string];
  readonly set?: Partial<Switches>;
  readonly compact?: boolean;
}

export async function obey(api: ApiServer, { put, remove, set, compact }: Command): Promise<void> {
  if (put) api.put(put);
  if (remove) api.remove(...remove);
  if (set) await api.set(set);
  if (compact) api.compact();
}
