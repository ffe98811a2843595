import { closest, suggestion } from '../../base/suggest.ts';
import { type Field, type PassOver, readEach } from './field.ts';

/** The keys of a mapping that are read, with those of the mappings below them. A mapping without known keys is not checked, because labels may have any key. */
interface Keys {
  readonly [key: string]: Keys;
}

const UNREAD: Keys = {};

const keys = (names: string, below: Keys = {}): Keys => ({
  ...Object.fromEntries(names.split(' ').map((name) => [name, UNREAD])),
  ...below,
});

const object = (below: Keys): Keys =>
  keys('apiVersion kind', { metadata: keys('name namespace labels annotations'), ...below });

const PORT = keys('name protocol port');
const CONTAINER_PORTS = { ports: keys('name protocol containerPort') };
const POD_SPEC = keys('hostname subdomain hostNetwork dnsPolicy enableServiceLinks', {
  dnsConfig: keys('nameservers searches', { options: keys('name value') }),
  hostAliases: keys('ip hostnames'),
  containers: CONTAINER_PORTS,
  initContainers: keys('restartPolicy', CONTAINER_PORTS),
});
const TEMPLATE = { metadata: keys('labels'), spec: POD_SPEC };
const SELECTOR = keys('matchLabels');
const BALANCED = { loadBalancer: { ingress: keys('ip hostname') } };
const ADDRESSES = { addresses: keys('type value') };
const PARENT = keys('group kind namespace name sectionName port');
const ROUTE = object({
  spec: keys('hostnames', { parentRefs: PARENT }),
  status: { parents: { parentRef: PARENT, conditions: keys('type status') } },
});

/** The keys that are read, by kind. Other keys change no response, so typing errors in them do not matter. */
const KEYS: Readonly<Record<string, Keys>> = {
  Service: object({
    spec: keys(
      'type clusterIP clusterIPs selector externalName externalIPs publishNotReadyAddresses ipFamilies ipFamilyPolicy',
      { ports: { ...PORT, targetPort: UNREAD } },
    ),
    status: BALANCED,
  }),
  Pod: object({
    spec: POD_SPEC,
    status: keys('podIP phase', { podIPs: keys('ip'), conditions: keys('type status') }),
  }),
  Namespace: object({}),
  Ingress: object({ spec: keys('ingressClassName', { rules: keys('host') }), status: BALANCED }),
  Gateway: object({
    spec: keys('gatewayClassName', {
      ...ADDRESSES,
      listeners: keys('name hostname port protocol', {
        allowedRoutes: { namespaces: keys('from'), kinds: keys('group kind') },
      }),
    }),
    status: ADDRESSES,
  }),
  ...{ HTTPRoute: ROUTE, TLSRoute: ROUTE, GRPCRoute: ROUTE },
  DNSEndpoint: object({ spec: { endpoints: keys('dnsName recordType recordTTL targets') } }),
  Node: object({ spec: keys('podCIDR podCIDRs'), status: { addresses: keys('type address') } }),
  ServiceCIDR: object({ spec: keys('cidrs') }),
  EndpointSlice: object({
    addressType: UNREAD,
    ports: PORT,
    endpoints: keys('addresses hostname zone', {
      conditions: keys('ready serving terminating'),
      targetRef: keys('name'),
    }),
  }),
  Endpoints: object({
    subsets: { addresses: keys('ip hostname', { targetRef: keys('name') }), ports: PORT },
  }),
  ServiceImport: object({ spec: keys('type ips', { ports: PORT }) }),
  Deployment: object({ spec: keys('replicas', { selector: SELECTOR, template: TEMPLATE }) }),
  ReplicaSet: object({ spec: keys('replicas', { selector: SELECTOR, template: TEMPLATE }) }),
  ReplicationController: object({ spec: keys('replicas selector', { template: TEMPLATE }) }),
  StatefulSet: object({
    spec: keys('replicas serviceName', { ordinals: keys('start'), selector: SELECTOR, template: TEMPLATE }),
  }),
};

/**
 * Finds keys that are probably typing errors: such a key is similar to a known key that the mapping lacks. Other unknown keys are allowed, because newer
 * versions of Kubernetes have more keys.
 *
 * @param passOver is called for each typing error. @throws what `passOver` throws
 */
export function checkKeys(kind: string, object: Field, passOver: PassOver): void {
  checkMapping(object, KEYS[kind] ?? {}, passOver);
}

/** Checks a mapping, or the mappings in a list. */
function checkField(field: Field, known: Keys, passOver: PassOver): void {
  if (!Array.isArray(field.value)) checkMapping(field, known, passOver);
  else for (const item of field.items()) if (!Array.isArray(item.value)) checkMapping(item, known, passOver);
}

function checkMapping(field: Field, known: Keys, passOver: PassOver): void {
  if (typeof field.value !== 'object' || field.value === null) return;
  const mapping = field.value as Readonly<Record<string, unknown>>;
  for (const key in mapping) {
    const value = mapping[key];
    if (value === undefined) continue;
    if (Object.hasOwn(known, key)) {
      const below = known[key]!;
      if (below !== UNREAD && typeof value === 'object') checkField(field.get(key), below, passOver);
      continue;
    }
    const meant = meantBy(key, known);
    if (meant === undefined || mapping[meant] !== undefined) continue;
    readEach([field.get(key)], (unknown) => unknown.fail(`is unknown${suggestion(meant)}`), passOver);
  }
}

/** The maximum number of unknown keys at one place whose meanings are remembered; one more clears the memory. */
const MAX_REMEMBERED = 1000;
/** All known keys are much shorter. */
const MAX_KEY_LENGTH = 32;

const remembered = new Map<Keys, Map<string, string | undefined>>();

/** The known key that an unknown key probably means. It is remembered, because most objects have the same unknown keys. */
function meantBy(key: string, known: Keys): string | undefined {
  if (key.length > MAX_KEY_LENGTH) return undefined;
  const meanings = remembered.get(known) ?? new Map<string, string | undefined>();
  remembered.set(known, meanings);
  if (!meanings.has(key)) {
    if (meanings.size >= MAX_REMEMBERED) meanings.clear();
    meanings.set(key, closest(key, Object.keys(known), farthestTypo(key)));
  }
  return meanings.get(key);
}

/** The number of wrong letters in a typing error. Letter case does not count. */
export function farthestTypo({ length }: string): number {
  return length < 4 ? 0 : length < 7 ? 1 : 2;
}
