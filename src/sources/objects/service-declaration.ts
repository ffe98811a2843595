import type { Name } from '../../dns/name.ts';
import type { ServiceDeclaration, Targets } from '../../registry/declared-records.ts';
import type { Service } from '../../registry/records.ts';
import { type Field, type PassOver, readEach } from './field.ts';
import { GATEWAY_GROUP } from './gateway.ts';
import { parseHostName, readHostNames, targetsOf, valuesOf } from './host-name.ts';
import { isIgnored, readAnnotation, readCreatedMs, readLabels } from './metadata.ts';
import { shared } from './shared.ts';

/** The annotations with the host names of a Service; the first that is there counts. */
const HOST_NAMES = ['coredns.io/hostname', 'external-dns.alpha.kubernetes.io/hostname'];
const RESOLVE_ENDPOINTS = 'k8s-gateway.dns/resolve-endpoints';
/** The label with the Gateway whose Service it is (GEP-1762). */
const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';

/**
 * What a Service declares beyond its name in the cluster; undefined if that is nothing.
 *
 * @param passOver is called for invalid host names and addresses: the others are served.
 * @throws ObjectError
 */
export function readDeclaration(
  service: Field,
  type: Service['type'],
  passOver: PassOver,
): ServiceDeclaration | undefined {
  const hostnames = readAnnotatedNames(service, passOver);
  const [resolveEndpoints = false] = readEach([service], isResolvedToEndpoints, passOver);
  const [gateway] = readEach([service], gatewayOf, passOver);
  const isBalanced = type === 'LoadBalancer';
  if (!isBalanced && !hostnames?.length && !resolveEndpoints && gateway === undefined) return undefined;
  return {
    createdMs: readCreatedMs(service),
    hostnames,
    external: isBalanced ? readExternal(service, passOver) : NOWHERE,
    resolveEndpoints,
    gateway,
    ignored: isIgnored(service),
    labels: readLabels(service),
  };
}

const NOWHERE: Targets = { addresses: [], hostnames: [] };

/** A comma list, with blanks around its entries; undefined if there is none. */
function readAnnotatedNames(service: Field, passOver: PassOver): readonly Name[] | undefined {
  const annotations = service.get('metadata').get('annotations');
  const given = HOST_NAMES.map((name) => annotations.get(name)).find(
    ({ value }) => value !== undefined && !(typeof value === 'string' && /^[\s,]*$/.test(value)),
  );
  if (given === undefined) return undefined;
  const [text = ''] = readEach([given], (field) => field.text() ?? '', passOver);
  const entries = text.split(',').map((entry) => entry.trim());
  const named = entries.filter((entry) => entry !== '');
  return [...new Set(named.flatMap((entry) => readEach([given], (field) => parseHostName(entry, field), passOver)))];
}

function isResolvedToEndpoints(service: Field): boolean {
  return readAnnotation(service, RESOLVE_ENDPOINTS) === 'true';
}

/** By its label, else by its owner. */
function gatewayOf(service: Field): string | undefined {
  const labelled = readLabels(service)[GATEWAY_LABEL];
  if (labelled) return shared(labelled);
  const owners = service.get('metadata').get('ownerReferences').items();
  const owner = owners.find(
    (each) =>
      each.get('kind').value === 'Gateway' && String(each.get('apiVersion').value).startsWith(`${GATEWAY_GROUP}/`),
  );
  return shared(owner?.get('name').text());
}

/** The addresses in spec.externalIPs, else what the load balancer's status says. The conversion of the Service tells of invalid addresses. */
function readExternal(service: Field, passOver: PassOver): Targets {
  const read = (fields: readonly Field[]) =>
    readEach(
      fields,
      (ip) => ip.ip(),
      () => {},
    );
  const given = read(service.get('spec').get('externalIPs').items());
  if (given.length > 0) return targetsOf(given, []);
  const points = service.get('status').get('loadBalancer').get('ingress').items();
  return targetsOf(read(valuesOf(points, 'ip')), readHostNames(valuesOf(points, 'hostname'), passOver));
}
