import { canonicalIP } from '../../dns/ip.ts';
import type { Endpoint, EndpointSlice } from '../../registry/records.ts';
import { Field, type PassOver, readEach, readSome, refuseAll } from './field.ts';
import { LABEL, LABEL_RULE, readLabels, readLongNames } from './metadata.ts';
import { readSlicePorts } from './ports.ts';
import { shared } from './shared.ts';

/** The label with the service of a slice. */
const SERVICE_LABEL = 'kubernetes.io/service-name';
/** The label with the ServiceImport of a slice. */
export const IMPORT_LABEL = 'multicluster.kubernetes.io/service-name';
const CLUSTER_LABEL = 'multicluster.kubernetes.io/source-cluster';
const ADDRESS_TYPES = ['IPv4', 'IPv6', 'FQDN'] as const;

/** The optional fields of an endpoint that are kept. */
export interface EndpointOptions {
  /** Whether names of pods are kept; each takes memory. */
  readonly podNames: boolean;
  /** Whether topology zones are kept. */
  readonly zones: boolean;
  /** Whether endpoints are kept that are about to end and still serve. */
  readonly terminating: boolean;
}

const ALL: EndpointOptions = { podNames: true, zones: true, terminating: true };

/**
 * Converts a discovery.k8s.io/v1 EndpointSlice to its record.
 *
 * Undefined for a slice that no name leads to: it has no service, or has host names instead of addresses.
 *
 * @param passOver is called for invalid endpoints, addresses, host names and ports: the rest is served without them.
 * @throws ObjectError
 */
export function convertEndpointSlice(
  object: unknown,
  options: EndpointOptions = ALL,
  passOver: PassOver = refuseAll,
): EndpointSlice | undefined {
  return readSlice(new Field('EndpointSlice', object), SERVICE_LABEL, options, passOver);
}

/**
 * Converts an EndpointSlice from another cluster of the cluster set to its record; its service is a ServiceImport.
 *
 * Undefined for a slice without the label for its ServiceImport or for its cluster.
 *
 * @param passOver as with {@link convertEndpointSlice}.
 * @throws ObjectError
 */
export function convertImportedSlice(
  object: unknown,
  options: EndpointOptions = ALL,
  passOver: PassOver = refuseAll,
): EndpointSlice | undefined {
  const slice = new Field('EndpointSlice', object);
  const cluster = readLabels(slice)[CLUSTER_LABEL]?.toLowerCase() ?? '';
  if (!LABEL.test(cluster)) return undefined;
  const record = readSlice(slice, IMPORT_LABEL, options, passOver);
  return record && { ...record, cluster };
}

function readSlice(
  slice: Field,
  serviceLabel: string,
  options: EndpointOptions,
  passOver: PassOver,
): EndpointSlice | undefined {
  const names = readLongNames(slice);
  const service = readLabels(slice)[serviceLabel];
  if (!service || slice.get('addressType').oneOf(ADDRESS_TYPES) === 'FQDN') return undefined;
  const endpoints = slice.get('endpoints').items();
  const read = (endpoint: Field) => readEndpoint(endpoint, options, passOver);
  const terminating = options.terminating ? readEach(endpoints.filter(isTerminating), read, passOver).flat() : [];
  return {
    ...names,
    service,
    ports: readSlicePorts(slice.get('ports'), passOver),
    endpoints: readSome(endpoints, (endpoint) => (isReady(endpoint) ? read(endpoint) : []), passOver).flat(),
    ...(terminating.length > 0 && { terminating }),
  };
}

/** The service of a slice; undefined if it has no label for it. */
export function serviceOfSlice(object: unknown): string | undefined {
  return readLabels(new Field('EndpointSlice', object))[SERVICE_LABEL];
}

/** The addresses of the endpoints that a slice, which {@link convertEndpointSlice} could read, says are not ready. */
export function unreadyAddresses(object: unknown): string[] {
  const addressesOf = (endpoint: Field) => (isReady(endpoint) ? [] : endpoint.get('addresses').items());
  return readEach(new Field('EndpointSlice', object).get('endpoints').items(), addressesOf, () => {})
    .flat()
    .flatMap(({ value }) => (typeof value === 'string' ? (canonicalIP(value) ?? []) : []));
}

/** A condition that is missing counts as true. */
function isReady(endpoint: Field): boolean {
  return endpoint.get('conditions').get('ready').flag() !== false;
}

/** Whether the endpoint is not ready only because it is about to end, and still serves. Conditions that make no sense are told by {@link isReady}. */
function isTerminating({ value }: Field): boolean {
  const { conditions } = Object(value) as { readonly conditions?: unknown };
  const { ready, serving, terminating } = Object(conditions) as Readonly<Record<string, unknown>>;
  return ready === false && serving === true && terminating === true;
}

/** One for each address. */
function readEndpoint(endpoint: Field, options: EndpointOptions, passOver: PassOver): Endpoint[] {
  const traits = readTraits(endpoint, options, passOver);
  return readSome(endpoint.get('addresses').items(), (address) => endpointOf(address.ip(), traits), passOver);
}

type Traits = Omit<Endpoint, 'address'>;

/** The optional fields that endpoints of EndpointSlices and Endpoints share and that are kept; undefined if there are none. @throws ObjectError */
export function readTraits(
  endpoint: Field,
  { podNames, zones }: Pick<EndpointOptions, 'podNames' | 'zones'>,
  passOver: PassOver,
): Traits | undefined {
  const field = endpoint.get('hostname');
  // Without a host name, the endpoint's name is made from its address.
  const [hostname] = field.value ? readEach([field], (name) => name.matching(LABEL, LABEL_RULE), passOver) : [];
  const podName = podLabel(endpoint.get('targetRef').get('name').text());
  const zone = endpoint.get('zone').text()?.toLowerCase() || undefined;
  const kept: Traits = { hostname, podName: podNames ? podName : undefined, zone: zones ? shared(zone) : undefined };
  return kept.hostname === undefined && kept.podName === undefined && kept.zone === undefined ? undefined : kept;
}

/** There may be very many endpoints, most with only an address: without optional fields they take half the memory. */
export function endpointOf(address: string, traits: Traits | undefined): Endpoint {
  if (traits === undefined) return { address };
  const { hostname, podName, zone } = traits;
  return { address, hostname, podName, zone };
}

/** The name, if it can be a label of a domain name. A pod's name may be longer or have dots. */
export function podLabel(name: string | undefined): string | undefined {
  return name !== undefined && LABEL.test(name) ? name : undefined;
}

/** An object with the property; empty if there is no value. */
export function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value ? ({ [key]: value } as { [P in K]?: string }) : {};
}
