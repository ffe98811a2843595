import { canonicalIP } from '../../dns/ip.ts';
import type { Endpoint, EndpointSlice } from '../../registry/records.ts';
import { Field, type PassOver, readEach, readSome, refuseAll } from './field.ts';
import { LABEL, LABEL_RULE, readLabels, readLongNames } from './metadata.ts';
import { readSlicePorts } from './ports.ts';
import { shared } from './shared.ts';

/** The label that says which service a slice belongs to. */
const SERVICE_LABEL = 'kubernetes.io/service-name';
/** The label that says which ServiceImport a slice belongs to. */
export const IMPORT_LABEL = 'multicluster.kubernetes.io/service-name';
const CLUSTER_LABEL = 'multicluster.kubernetes.io/source-cluster';
const ADDRESS_TYPES = ['IPv4', 'IPv6', 'FQDN'] as const;

/** What of an endpoint is kept. */
interface EndpointOptions {
  /** Whether the names of pods are; each is a text of its own. */
  readonly podNames: boolean;
  /** Whether topology zones are. */
  readonly zones: boolean;
}

const ALL: EndpointOptions = { podNames: true, zones: true };

/**
 * Cuts a discovery.k8s.io/v1 EndpointSlice down to its record.
 *
 * Undefined for a slice that no name can lead to: it names no service, or holds host names in place of addresses.
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
 * Cuts an EndpointSlice that came from another cluster of the cluster set down to its record; its service is a ServiceImport.
 *
 * Undefined for a slice that says of no ServiceImport that it belongs to it, or of no cluster that it is from there.
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
  return {
    ...names,
    service,
    ports: readSlicePorts(slice.get('ports'), passOver),
    endpoints: readSome(
      slice.get('endpoints').items(),
      (endpoint) => readEndpoint(endpoint, options, passOver),
      passOver,
    ).flat(),
  };
}

/** The service that a slice belongs to, as far as it says so. */
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

/** A condition that is not given is as good as true. */
function isReady(endpoint: Field): boolean {
  return endpoint.get('conditions').get('ready').flag() !== false;
}

/** Empty for an endpoint that is not ready. */
function readEndpoint(endpoint: Field, options: EndpointOptions, passOver: PassOver): Endpoint[] {
  if (!isReady(endpoint)) return [];
  const traits = readTraits(endpoint, options, passOver);
  return readSome(endpoint.get('addresses').items(), (address) => endpointOf(address.ip(), traits), passOver);
}

type Traits = Omit<Endpoint, 'address'>;

/** What EndpointSlices and Endpoints say alike of an endpoint, as far as it is kept; undefined if that is nothing. @throws ObjectError */
export function readTraits(
  endpoint: Field,
  { podNames, zones }: EndpointOptions,
  passOver: PassOver,
): Traits | undefined {
  const field = endpoint.get('hostname');
  // Without it, the endpoint has the name that its address makes.
  const [hostname] = field.value ? readEach([field], (name) => name.matching(LABEL, LABEL_RULE), passOver) : [];
  const podName = podLabel(endpoint.get('targetRef').get('name').text());
  const zone = endpoint.get('zone').text()?.toLowerCase() || undefined;
  const kept: Traits = { hostname, podName: podNames ? podName : undefined, zone: zones ? shared(zone) : undefined };
  return kept.hostname === undefined && kept.podName === undefined && kept.zone === undefined ? undefined : kept;
}

/** There may be very many of them, and most have nothing but an address: those without traits take half the memory. */
export function endpointOf(address: string, traits: Traits | undefined): Endpoint {
  if (traits === undefined) return { address };
  const { hostname, podName, zone } = traits;
  return { address, hostname, podName, zone };
}

/** The name, if it can be a label of a domain name: a pod's may be longer or have dots. */
export function podLabel(name: string | undefined): string | undefined {
  return name !== undefined && LABEL.test(name) ? name : undefined;
}

/** The property, or nothing where there is no value. */
export function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value ? ({ [key]: value } as { [P in K]?: string }) : {};
}
