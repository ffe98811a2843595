import type { KubernetesObject } from '../../support/api-server/index.ts';
import type { Dice } from './dice.ts';

export interface TestPod {
  readonly name: string;
  readonly namespace: string;
  readonly v4: string;
  readonly v6: string;
  readonly object: KubernetesObject;
}

const PHASES = ['Running', 'Running', 'Running', 'Pending', 'Succeeded', 'Failed', 'Unknown'];

/** Pods to be endpoints; the first ones have the machine's own addresses, if there are any. */
export function generatePods(d: Dice, namespaces: readonly string[], own: readonly string[]): TestPod[] {
  return Array.from({ length: d.between(4, 10) }, (_, i) => {
    const namespace = d.pick(namespaces);
    const name = d.chance(0.1) ? `pod-${i}.with.dots` : d.chance(0.1) ? `pod-${i}-${'y'.repeat(70)}` : `pod-${i}`;
    const v4 = own[i] && !own[i].includes(':') ? own[i] : `10.1.${d.pick([0, 1, 200])}.${i + 1}`;
    const v6 = d.pick([`fd00:0:0:2::${i + 1}`, `fd00:1:2:3:4:5:6:${i + 1}`, `2001:db8:${i + 1}::`, `::${i + 1}`]);
    return {
      name,
      namespace,
      v4,
      v6,
      object: podObject(d, { name, namespace }, d.pick([[v4], [v6], [v4, v6], [v6, v4], []])),
    };
  });
}

function podObject(d: Dice, metadata: { name: string; namespace: string }, ips: readonly string[]): KubernetesObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { ...metadata, labels: { tier: d.pick(['front', 'back']) } },
    spec: { containers: [{ name: 'main', image: 'none' }], ...(d.chance(0.1) && { hostNetwork: true }) },
    status: {
      phase: d.pick(PHASES),
      ...(ips.length > 0 && { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    },
  };
}
