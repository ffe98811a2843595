import type { Endpoint, EndpointSlice } from '../../registry/records.ts';
import { Field } from './field.ts';
import { LABEL, LABEL_RULE, readLabels, readLongNames } from './metadata.ts';
import { readSlicePorts } from './ports.ts';

const SERVICE_LABEL = 'kubernetes.io/service-name';
const IMPORT_LABEL = 'multicluster.kubernetes.io/service-name';
const CLUSTER_LABEL = 'multicluster.kubernetes.io/source-cluster';
const ADDRESS_TYPES = ['IPv4', 'IPv6', 'FQDN'] as const;

/**
 * Cuts a discovery.k8s.io/v1 EndpointSlice down to its record.
 *
 * Undefined for a slice that no name can lead to: it names no service, or holds host names in place of addresses.
 *
 * @throws ObjectError
 */
export function convertEndpointSlice(object: unknown): EndpointSlice | undefined {
  return readSlice(new Field('EndpointSlice', object), SERVICE_LABEL);
}

/**
 * Cuts an EndpointSlice that came from another cluster of the cluster set down to its record; its service is a ServiceImport.
 *
 * Undefined for a slice that says of no ServiceImport that it belongs to it, or of no cluster that it is from there.
 *
 * @throws ObjectError
 */
export function convertImportedSlice(object: unknown): EndpointSlice | undefined {
  const slice = new Field('EndpointSlice', object);
  const cluster = readLabels(slice)[CLUSTER_LABEL]?.toLowerCase() ?? '';
  if (!LABEL.test(cluster)) return undefined;
  const record = readSlice(slice, IMPORT_LABEL);
  return record && { ...record, cluster };
}

function readSlice(slice: Field, serviceLabel: string): EndpointSlice | undefined {
  const names = readLongNames(slice);
  const service = readLabels(slice)[serviceLabel];
  if (!service || slice.get('addressType').oneOf(ADDRESS_TYPES) === 'FQDN') return undefined;
  return {
    ...names,
    service,
    ports: readSlicePorts(slice.get('ports')),
    endpoints: slice.get('endpoints').items().filter(isReady).map(readEndpoint),
  };
}

/** A condition that is not given is as good as true. */
function isReady(endpoint: Field): boolean {
  return endpoint.get('conditions').get('ready').flag() !== false;
}

function readEndpoint(endpoint: Field): Endpoint {
  const addresses = endpoint
    .get('addresses')
    .items()
    .map((address) => address.ip());
  return { addresses, ...readTarget(endpoint), ...optional('zone', endpoint.get('zone').text()?.toLowerCase()) };
}

/** What EndpointSlices and Endpoints say alike of an address. @throws ObjectError */
export function readTarget(endpoint: Field): Pick<Endpoint, 'hostname' | 'podName' | 'nodeName'> {
  const hostname = endpoint.get('hostname');
  return {
    ...optional('hostname', hostname.value ? hostname.matching(LABEL, LABEL_RULE) : undefined),
    ...optional('podName', podLabel(endpoint.get('targetRef').get('name').text())),
    ...optional('nodeName', endpoint.get('nodeName').text()),
  };
}

/** The name, if it can be a label of a domain name: a pod's may be longer or have dots. */
export function podLabel(name: string | undefined): string | undefined {
  return name !== undefined && LABEL.test(name) ? name : undefined;
}

/** The property, or nothing where there is no value. */
export function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value ? ({ [key]: value } as { [P in K]?: string }) : {};
}
