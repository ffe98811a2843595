import { foldName } from '../../../src/dns/name.ts';
import type { KubernetesObject } from '../../support/api-server/index.ts';

/** Why a real API server does not take an object of a generated cluster. Servers may meet it nevertheless: older API servers took more. */
export interface Refusal {
  /** What the API server says of it. */
  readonly says: RegExp;
  applies(object: KubernetesObject, objects: readonly KubernetesObject[]): boolean;
}

interface ServiceSpec {
  readonly type: string;
  readonly clusterIP?: string;
  readonly externalName?: string;
  readonly ports?: readonly unknown[];
}

const refusals: readonly Refusal[] = [
  {
    says: /namespaces "gone" not found/,
    applies: ({ metadata: { namespace } }, objects) =>
      namespace !== undefined &&
      !objects.some(({ kind, metadata: { name } }) => kind === 'Namespace' && name === namespace),
  },
  {
    says: /spec\.ports: Required value/,
    applies: service(
      ({ type, clusterIP, ports }) => type !== 'ExternalName' && clusterIP !== 'None' && ports === undefined,
    ),
  },
  {
    says: /spec\.externalName: Invalid value/,
    applies: service(({ externalName = '' }) => externalName !== foldName(externalName) || externalName.includes(':')),
  },
  {
    says: /must be in canonical form/,
    applies: anyAddress((address) => address !== foldName(address)),
  },
  {
    says: /may not be in the loopback range/,
    applies: anyAddress((address) => address === '::1'),
  },
];

/** The first reason to refuse an object, if there is one. */
export function refusalOf(object: KubernetesObject, objects: readonly KubernetesObject[]): Refusal | undefined {
  return refusals.find((refusal) => refusal.applies(object, objects));
}

function service(applies: (spec: ServiceSpec) => boolean): Refusal['applies'] {
  return ({ kind, spec }) => kind === 'Service' && applies(spec as ServiceSpec);
}

function anyAddress(applies: (address: string) => boolean): Refusal['applies'] {
  return ({ endpoints = [] }) =>
    (endpoints as readonly { addresses: readonly string[] }[]).some(({ addresses }) => addresses.some(applies));
}
