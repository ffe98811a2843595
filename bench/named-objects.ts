import type { KubernetesObject } from '../test/support/api-server/index.ts';

/** How many objects declare host names. */
export interface NamedSize {
  readonly ingresses: number;
  readonly hostsEach: number;
  readonly routes: number;
}

export const NAMED_ZONE = 'apps.test';
const NAMESPACES = 200;
const CREATED = '2026-01-01T00:00:00Z';

export const ingressHost = (i: number, host: number) => `www-${host}.shop-${padded(i)}.${NAMED_ZONE}`;
export const routeHost = (i: number) => `api-${padded(i)}.${NAMED_ZONE}`;

/** The Ingress with the number `i`, as large as clusters have them. Its address ends with `octet`. */
export function ingressObject(i: number, hostsEach: number, octet = 1): KubernetesObject {
  const name = `shop-${padded(i)}`;
  const hosts = Array.from({ length: hostsEach }, (_, host) => ingressHost(i, host));
  const backend = { service: { name, port: { name: 'http' } } };
  return {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
    metadata: {
      ...{ name, namespace: spaceOf(i), creationTimestamp: CREATED, generation: 1, labels: { app: name } },
      annotations: {
        'cert-manager.io/cluster-issuer': 'letsencrypt',
        'nginx.ingress.kubernetes.io/proxy-body-size': '8m',
        'nginx.ingress.kubernetes.io/ssl-redirect': 'true',
      },
    },
    spec: {
      ...{ ingressClassName: 'nginx', tls: [{ hosts, secretName: `${name}-tls` }] },
      rules: hosts.map((host) => ({
        host,
        http: { paths: ['/', '/api'].map((path) => ({ path, pathType: 'Prefix', backend })) },
      })),
    },
    status: { loadBalancer: { ingress: [{ ip: `192.0.2.${octet}` }] } },
  };
}

const GATEWAY = { name: 'public', namespace: 'team-000' };

/** The HTTPRoute with the number `i`, which the one Gateway accepts. */
function routeObject(i: number): KubernetesObject {
  const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', ...GATEWAY };
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    ...{ type, status: 'True', reason: type, message: '', lastTransitionTime: CREATED, observedGeneration: 1 },
  }));
  return {
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
    metadata: { name: `api-${padded(i)}`, namespace: spaceOf(i), creationTimestamp: CREATED, generation: 1 },
    spec: {
      ...{ parentRefs: [parentRef], hostnames: [routeHost(i)] },
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ name: 'api', port: 80 }] }],
    },
    status: { parents: [{ parentRef, controllerName: 'example.com/controller', conditions }] },
  };
}

function gatewayObject(): KubernetesObject {
  const listener = { name: 'web', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } };
  return {
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' },
    metadata: { ...GATEWAY, creationTimestamp: CREATED },
    spec: { gatewayClassName: 'example', listeners: [listener] },
    status: { addresses: [{ type: 'IPAddress', value: '192.0.2.200' }] },
  };
}

/** All objects that declare names. */
export function* namedObjects({ ingresses, hostsEach, routes }: NamedSize): Iterable<KubernetesObject> {
  for (let i = 0; i < ingresses; i++) yield ingressObject(i, hostsEach);
  yield gatewayObject();
  for (let i = 0; i < routes; i++) yield routeObject(i);
}

const spaceOf = (i: number) => `team-${String(i % NAMESPACES).padStart(3, '0')}`;
const padded = (i: number) => String(i).padStart(5, '0');
