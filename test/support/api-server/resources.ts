/** A kind of object that the stand-in serves, as the API's paths name it. */
export interface Resource {
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  /** The plural in paths. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
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
    ...{ group: 'multicluster.x-k8s.io', version: 'v1alpha1', name: 'serviceimports', kind: 'ServiceImport' },
    ...{ namespaced: true, fields: NAMES },
  },
];

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
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
  const resource = resources.find((one) => one.group === group && one.version === version && one.name === plural);
  if (resource === undefined || more.length > 0 || (namespace !== undefined && !resource.namespaced)) return undefined;
  return { resource, namespace, name };
}
