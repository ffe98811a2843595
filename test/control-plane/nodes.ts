import { setTimeout as pause } from 'node:timers/promises';
import type { KubernetesObject } from '../support/api-server/index.ts';
import { type Api, pathOf } from './api.ts';
import type { ControlPlane } from './control-plane.ts';

const NODES = ['node-1', 'node-2'];

interface Pod extends KubernetesObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly podIP?: string };
}

/** Plays scheduler and kubelets: pods are bound to nodes, run at once and are ready; those that are deleted are gone. */
export async function startNodes({ api, stops }: ControlPlane): Promise<void> {
  for (const [i, name] of NODES.entries()) {
    const labels = { 'topology.kubernetes.io/zone': `zone-${i + 1}` };
    await api.create({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
  }
  const abort = new AbortController();
  stops.push(() => abort.abort());
  void followPods(api, abort.signal);
}

async function followPods(api: Api, signal: AbortSignal): Promise<void> {
  let pods = 0;
  const care = async (pod: Pod) => {
    if ('deletionTimestamp' in pod.metadata) await api.delete(pod, 0);
    else if (pod.spec.nodeName === undefined) await bind(api, pod, NODES[pods++ % NODES.length]!);
    else if (pod.status.podIP === undefined) await api.patch(pod, { status: running(++pods) }, 'status');
  };
  while (!signal.aborted) {
    try {
      // Without a version, a watch begins with all that is there.
      for await (const line of api.watch(`${pathOf('Pod')}?watch=true`, signal)) {
        const { type, object } = JSON.parse(line) as { type: string; object: Pod };
        // Others may have been faster, the namespace may be gone, or the API server away.
        if (type === 'ADDED' || type === 'MODIFIED') void care({ ...object, kind: 'Pod' }).catch(() => {});
      }
    } catch {
      await pause(200);
    }
  }
}

function bind(api: Api, pod: Pod, name: string): Promise<unknown> {
  const { name: podName, namespace } = pod.metadata;
  const body = {
    ...{ apiVersion: 'v1', kind: 'Binding', metadata: { name: podName, namespace } },
    target: { apiVersion: 'v1', kind: 'Node', name },
  };
  return api.createUnder(pod, 'binding', body);
}

function running(number: number): object {
  const [v4, v6] = [`10.244.${number >> 8}.${number & 255}`, `fd00:10:244::${number.toString(16)}`];
  return { phase: 'Running', conditions: readiness(true), podIP: v4, podIPs: [{ ip: v4 }, { ip: v6 }] };
}

/** The conditions of a pod that runs. */
export function readiness(isReady: boolean): object[] {
  const status = isReady ? 'True' : 'False';
  return [
    { type: 'Ready', status },
    { type: 'ContainersReady', status },
  ];
}
