import {
  type Gateway,
  type Listener,
  ROUTE_KINDS,
  type RouteKind,
  type Targets,
} from '../../registry/declared-records.ts';
import { Field, type PassOver, readEach, refuseAll } from './field.ts';
import { readHostName, readHostNames, targetsOf, valuesOf } from './host-name.ts';
import { isIgnored, readLongNames } from './metadata.ts';
import { shared } from './shared.ts';

/** The group of Gateways and routes, which their references may leave out. */
export const GATEWAY_GROUP = 'gateway.networking.k8s.io';

/** Where objects come from. In files, no controller has written a status. */
export type Origin = 'api' | 'files';

/**
 * Converts a Gateway to its record; undefined for one that is to be ignored.
 *
 * @param passOver is called for invalid listeners and addresses: the others are served.
 * @throws ObjectError
 */
export function convertGateway(object: unknown, origin: Origin, passOver: PassOver = refuseAll): Gateway | undefined {
  const gateway = new Field('Gateway', object);
  const names = readLongNames(gateway);
  if (isIgnored(gateway)) return undefined;
  const spec = gateway.get('spec');
  const status = gateway.get('status');
  const source = origin === 'files' && !status.present ? spec : status;
  return {
    ...names,
    className: shared(spec.get('gatewayClassName').text() ?? ''),
    listeners: readEach(spec.get('listeners').items(), readListener, passOver),
    targets: readAddresses(source.get('addresses').items(), passOver),
  };
}

/** The protocols whose listeners do not admit all kinds of routes. */
const ROUTES: Readonly<Record<string, readonly RouteKind[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute'],
  TCP: [],
  UDP: [],
};

/** A listener without a host name serves all of them, so one with an invalid host name is a mistake. @throws ObjectError */
function readListener(listener: Field): Listener {
  const [hostname] = valuesOf([listener], 'hostname').map(readHostName);
  const allowed = listener.get('allowedRoutes');
  const kinds = allowed.get('kinds').items();
  const from = allowed.get('namespaces').get('from').text() ?? 'Same';
  return {
    name: shared(listener.get('name').text() ?? listener.get('name').wrong('the name of the listener')),
    port: listener.get('port').port(),
    hostname,
    routes: kinds.length > 0 ? readKinds(kinds) : (ROUTES[listener.get('protocol').text() ?? ''] ?? ROUTE_KINDS),
    from: from === 'All' || from === 'Same' || from === 'None' ? from : 'Selector',
  };
}

function readKinds(fields: readonly Field[]): readonly RouteKind[] {
  const ofGroup = fields.filter((field) => (field.get('group').text() ?? GATEWAY_GROUP) === GATEWAY_GROUP);
  const kinds = ofGroup.map((field) => field.get('kind').text());
  return ROUTE_KINDS.filter((kind) => kinds.includes(kind));
}

/** Addresses of other types, such as names that only a controller knows, lead nowhere. */
function readAddresses(addresses: readonly Field[], passOver: PassOver): Targets {
  const ofType = (type: string) => {
    const given = addresses.filter((address) => (address.get('type').text() ?? 'IPAddress') === type);
    return valuesOf(given, 'value');
  };
  return targetsOf(
    readEach(ofType('IPAddress'), (value) => value.ip(), passOver),
    readHostNames(ofType('Hostname'), passOver),
  );
}
