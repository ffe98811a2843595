import type { Endpoint, EndpointSlice } from '../registry/records.ts';
import { type Backend, type Backends, backendsOf } from './contents.ts';
import { dashIP, parseDashedIP } from './dashed-ip.ts';
import type { ViewOptions } from './view-options.ts';

/** The endpoints of one service, as names and addresses. */
export interface Endpoints {
  readonly all: Backends;
  /** Whether none is ready, and these are about to end. */
  readonly areTerminating: boolean;
  /** The endpoints with this (folded) label, or in a cluster set with these two labels: `ENDPOINT.CLUSTER`. */
  named(label: string): Backends | undefined;
  /** Whether the cluster with this id has an endpoint. */
  areIn(cluster: string): boolean;
}

export function endpointLabel({ address, hostname, podName }: Endpoint, usePodNames: boolean): string {
  if (hostname) return hostname;
  // A pod's name may hold dots, but two labels would be another kind of name.
  if (usePodNames && podName && !podName.includes('.')) return podName;
  return dashIP(address);
}

/** Whether no endpoint of a service, which has these slices, is ready. */
export function isWithoutReady(slices: readonly EndpointSlice[]): boolean {
  return slices.every(({ endpoints }) => endpoints.length === 0);
}

const NONE: readonly Endpoint[] = [];

/** The ready endpoints in all slices (at least one) of one service, or those in their place; undefined if there are none. */
export function readEndpoints(
  slices: readonly EndpointSlice[],
  { endpointPodNames, terminating }: Pick<ViewOptions, 'endpointPodNames' | 'terminating'>,
): Endpoints | undefined {
  const service = slices[0]!;
  const areTerminating = terminating && isWithoutReady(slices);
  const endpointsIn = (slice: EndpointSlice) => (areTerminating ? (slice.terminating ?? NONE) : slice.endpoints);
  const list = slices.flatMap((slice) => {
    const { cluster, ports } = slice;
    const suffix = cluster === undefined ? '' : `.${cluster}`;
    return endpointsIn(slice).map((endpoint): Backend => {
      const { address, zone } = endpoint;
      return { label: endpointLabel(endpoint, endpointPodNames) + suffix, address, ports, zone };
    });
  });
  if (list.length === 0) return undefined;
  let byLabel: Map<string, Backends> | undefined;
  return {
    all: backendsOf('headless', service, list),
    areTerminating,
    named(label) {
      byLabel ??= groupByLabel(service, list);
      return byLabel.get(label) ?? byLabel.get(canonicalLabel(label));
    },
    areIn: (cluster) => slices.some((slice) => slice.cluster === cluster && endpointsIn(slice).length > 0),
  };
}

function groupByLabel(service: EndpointSlice, list: readonly Backend[]): Map<string, Backends> {
  const groups = Map.groupBy(list, (backend) => backend.label.toLowerCase());
  return new Map([...groups].map(([label, group]) => [label, backendsOf('endpoint', service, group)]));
}

/** The label with the address in the form that the server writes. */
function canonicalLabel(label: string): string {
  const [first = '', ...rest] = label.split('.');
  const address = parseDashedIP(first);
  return address === undefined ? label : [dashIP(address), ...rest].join('.');
}
