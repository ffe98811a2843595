import { canonicalIP, parseIP } from '../../../src/dns/ip.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';

interface Pod extends KubernetesObject {
  readonly status?: { readonly podIPs?: readonly { readonly ip: string }[] };
}

/** Labels that are no address, or only by a stretch. */
const ODD = [
  '256-0-0-1',
  '01-2-3-4',
  '1-2-3',
  '1-2-3-4-5',
  '--ffff-102-304',
  'g--1',
  '-',
  '1',
  'fe80--1-eth0',
  '-1-2-3',
  'fd00--5-6',
  '1--2-3-4',
];

/** Names of pods by all their addresses in every spelling, in their own namespace and others, with labels too many. */
export function podNames(objects: readonly KubernetesObject[], namespaces: readonly string[]): string[] {
  const pods = objects.filter((object): object is Pod => object.kind === 'Pod');
  const real = pods.flatMap(({ metadata: { name, namespace = 'default' }, status }) =>
    (status?.podIPs ?? []).flatMap(({ ip }) => [...spellings(ip), name].map((label) => `${label}.${namespace}.pod`)),
  );
  const first = pods[0]?.status?.podIPs?.[0]?.ip.replaceAll(/[.:]/g, '-') ?? '10-9-9-9';
  const elsewhere = namespaces.flatMap((namespace) => [`${first}.${namespace}.pod`, `10-8-8-8.${namespace}.pod`]);
  const odd = ODD.map((label) => `${label}.${namespaces[0]}.pod`);
  const deeper = [`x.${first}.${namespaces[0]}.pod`, `y.x.10-8-8-8.${namespaces[0]}.pod`];
  return [...real, ...elsewhere, ...odd, ...deeper];
}

function spellings(address: string): string[] {
  const dashed = address.replaceAll(/[.:]/g, '-');
  if (!address.includes(':')) return [dashed];
  const octets = Buffer.from(parseIP(address)!);
  const groups = Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16));
  return [
    dashed,
    `${dashed}0`,
    dashed.toUpperCase(),
    groups.join('-'),
    groups.map((group) => group.padStart(4, '0')).join('-'),
  ];
}

/** The address that a label spells with dashes, in canonical text; undefined if it spells none. */
export function spelledAddress(label: string): string | undefined {
  return canonicalIP(label.replaceAll('-', '.')) ?? canonicalIP(label.replaceAll('-', ':'));
}

/** The first and the further addresses of a namespace's pods, in canonical text. */
export function readPodAddresses(objects: readonly KubernetesObject[], namespace: string) {
  const [primary, secondary] = [new Set<string>(), new Set<string>()];
  for (const object of objects) {
    if (object.kind !== 'Pod' || object.metadata.namespace !== namespace) continue;
    for (const [i, { ip }] of ((object as Pod).status?.podIPs ?? []).entries())
      (i === 0 ? primary : secondary).add(canonicalIP(ip)!);
  }
  return { primary, secondary };
}
