/** A kind of object that the stand-in serves, as the API's paths name it. */
export interface Resource {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural in paths. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** The other versions in which its objects may be had, as where a CRD has several. */
  readonly otherVersions?: readonly string[];
  /** What a field selector may ask for: the path in the object, and what an object without it has. */
  readonly fields: Readonly<Record<string, string>>;
}

const NAMES = { 'metadata.name': '', 'metadata.namespace': '' };

/** What a cluster DNS server lists and watches. */
export const resources: readonly Resource[] = [
  { group: '', version: 'v1', name: 'services', kind: 'Service', namespaced: true, fields: NAMES },
  { group: '', version: 'v1', name: 'namespaces', kind: 'Namespace', namespaced: false, fields: NAMES },
  {
    ...{ group: '', version: 'v1', name: 'pods', kind: 'Pod', namespaced: true },
    fields: { ...NAMES, 'status.phase': 'Pending', 'status.podIP': '', 'spec.nodeName': '' },
  },
  {
    ...{ group: 'discovery.k8s.io', version: 'v1', name: 'endpointslices', kind: 'EndpointSlice' },
    ...{ namespaced: true, fields: NAMES },
  },
  {
    ...{ group: 'multicluster.x-k8s.io', version: 'v1beta1', name: 'serviceimports', kind: 'ServiceImport' },
    ...{ otherVersions: ['v1alpha1'], namespaced: true, fields: NAMES },
  },
  { group: '', version: 'v1', name: 'nodes', kind: 'Node', namespaced: false, fields: NAMES },
  {
    ...{ group: 'networking.k8s.io', version: 'v1', name: 'ingresses', kind: 'Ingress' },
    ...{ namespaced: true, fields: NAMES },
  },
  {
    ...{ group: 'networking.k8s.io', version: 'v1', name: 'servicecidrs', kind: 'ServiceCIDR' },
    ...{ otherVersions: ['v1beta1'], namespaced: false, fields: NAMES },
  },
  ...ofGateways('Gateway', 'v1', 'v1beta1'),
  ...ofGateways('HTTPRoute', 'v1', 'v1beta1'),
  ...ofGateways('GRPCRoute', 'v1'),
  ...ofGateways('TLSRoute', 'v1', 'v1alpha3', 'v1alpha2'),
  {
    ...{ group: 'externaldns.k8s.io', version: 'v1alpha1', name: 'dnsendpoints', kind: 'DNSEndpoint' },
    ...{ namespaced: true, fields: NAMES },
  },
  {
    ...{ group: 'apiextensions.k8s.io', version: 'v1', name: 'customresourcedefinitions' },
    ...{ kind: 'CustomResourceDefinition', namespaced: false, fields: NAMES },
  },
];

function ofGateways(kind: string, version: string, ...otherVersions: string[]): Resource[] {
  const name = `${kind.toLowerCase()}s`;
  return [{ group: 'gateway.networking.k8s.io', version, otherVersions, name, kind, namespaced: true, fields: NAMES }];
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

const versionsOf = ({ version, otherVersions = [] }: Resource): readonly string[] => [version, ...otherVersions];

/** The resources of `/apis/GROUP/VERSION`, as discovery tells them; undefined for anything else. */
export function discovered(path: string): readonly Resource[] | undefined {
  const [, root, group, version, ...more] = path.split('/').map(decodeURIComponent);
  if (root !== 'apis' || version === undefined || more.length > 0) return undefined;
  return resources
    .filter((one) => one.group === group && versionsOf(one).includes(version))
    .map((one) => ({ ...one, version }));
}

/** What a path asks for. */
export interface Target {
  readonly resource: Resource;
  /** Undefined is all of them. */
  readonly namespace: string | undefined;
  /** Of a single object. */
  readonly name: string | undefined;
}

/** Reads `/api/v1/services`, `/api/v1/namespaces/NS/services/NAME` and the like; undefined for anything else. */
export function parsePath(path: string): Target | undefined {
  const [, root, ...rest] = path.split('/').map(decodeURIComponent);
  if (root !== 'api' && root !== 'apis') return undefined;
  const [group, version] = root === 'api' ? ['', rest.shift()] : [rest.shift(), rest.shift()];
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  const [plural, name, ...more] = namespace === undefined ? rest : rest.slice(2);
  const found = resources.find(
    (one) => one.group === group && one.name === plural && versionsOf(one).includes(version!),
  );
  const resource = found && { ...found, version: version! };
  if (resource === undefined || more.length > 0 || (namespace !== undefined && !resource.namespaced)) return undefined;
  return { resource, namespace, name };
}
