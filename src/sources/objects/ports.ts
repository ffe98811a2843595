import { NO_PORT, type Port } from '../../registry/records.ts';
import { type Field, type PassOver, readEach } from './field.ts';
import { sharedPorts } from './shared.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

/** The port of a service or slice without ports: it has addresses, but no SRV records. */
const SENTINEL: readonly Port[] = [{ name: '', protocol: 'tcp', port: NO_PORT }];

/** The ports of a list, with Kubernetes' defaults; never empty. @throws ObjectError */
export function readPorts(list: Field, passOver: PassOver): readonly Port[] {
  return orNoPort(readDeclaredPorts(list, passOver));
}

/** The ports of a list, with Kubernetes' defaults; may be empty. @throws ObjectError */
export function readDeclaredPorts(list: Field, passOver: PassOver): readonly Port[] {
  return sharedPorts(readEach(list.items(), (port) => readPort(port, port.get('port').port()), passOver));
}

/** As {@link readPorts}; in a slice, a port without a number means all ports, so it has no SRV record. @throws ObjectError */
export function readSlicePorts(list: Field, passOver: PassOver): readonly Port[] {
  const numberOf = (port: Field) => (port.get('port').present ? port.get('port').port() : NO_PORT);
  return orNoPort(sharedPorts(readEach(list.items(), (port) => readPort(port, numberOf(port)), passOver)));
}

export function orNoPort(ports: readonly Port[]): readonly Port[] {
  return ports.length === 0 ? SENTINEL : ports;
}

/** @throws ObjectError */
function readPort(port: Field, number: number): Port {
  const name = (port.get('name').text() ?? '').toLowerCase();
  return { name, protocol: readProtocol(port), port: number };
}

/** In lower case. @throws ObjectError */
export function readProtocol(port: Field): string {
  return (port.get('protocol').oneOf(PROTOCOLS) ?? 'TCP').toLowerCase();
}
