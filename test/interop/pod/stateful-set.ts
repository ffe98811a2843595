import type { KubernetesObject } from '../../support/api-server/index.ts';

/** A pod of the StatefulSet behind the headless service shop/db. */
export interface Replica {
  readonly ordinal: number;
  readonly address: string;
  readonly ready: boolean;
}

/** A state on the way, and whether it is one that a client may see: then these are the addresses. */
export interface Step {
  readonly slices: readonly KubernetesObject[];
  readonly addresses: readonly string[];
}

const REPLICAS = 3;

/** All states of a rolling update, the highest ordinal first, as the control plane goes through them; each pod gets a new address. */
export function rollingUpdate(): Step[] {
  let replicas = Array.from({ length: REPLICAS }, (_, ordinal): Replica => before(ordinal));
  const steps = [replicas];
  for (let ordinal = REPLICAS - 1; ordinal >= 0; ordinal--) {
    const others = replicas.filter((replica) => replica.ordinal !== ordinal);
    const after = { ordinal, address: `10.244.6.${ordinal}`, ready: true };
    // It is terminating, gone, there again, and ready.
    for (const replica of [{ ...before(ordinal), ready: false }, undefined, { ...after, ready: false }, after]) {
      replicas = replica ? [...others, replica] : others;
      steps.push(replicas);
    }
  }
  return steps.map((all) => ({ slices: [slice('db-qqn4d', all)], addresses: readyOf(all) }));
}

/** The endpoints move into another slice, in the order that leaves them in none for a moment. */
export function moveOf(step: Step): Step {
  const [from] = step.slices;
  const to = { ...from!, metadata: { ...from!.metadata, name: 'db-zz9hk' } };
  return { ...step, slices: [{ ...from!, endpoints: [] }, to] };
}

function before(ordinal: number): Replica {
  return { ordinal, address: `10.244.5.${ordinal}`, ready: true };
}

function readyOf(replicas: readonly Replica[]): string[] {
  return replicas
    .filter(({ ready }) => ready)
    .map(({ address }) => address)
    .sort();
}

function slice(name: string, replicas: readonly Replica[]): KubernetesObject {
  return {
    ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': 'db' } },
    ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    endpoints: replicas.map(({ ordinal, address, ready }) => ({
      ...{ addresses: [address], hostname: `db-${ordinal}`, conditions: { ready } },
      targetRef: { kind: 'Pod', name: `db-${ordinal}`, namespace: 'shop' },
    })),
  };
}
