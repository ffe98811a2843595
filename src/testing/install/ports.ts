import type { Port } from '../../registry/records.ts';

/** The protocols whose connections and datagrams are redirected. */
export type Protocol = 'tcp' | 'udp';

/** The port of a service, or of a container. */
export type NamedPort = Pick<Port, 'name' | 'port' | 'protocol'>;

/** `80 (http)` */
export function printPort({ port, name }: NamedPort): string {
  return name === '' ? `${port}` : `${port} (${name})`;
}

/** `it has 80 (http), 443 (https)`; the ports of another protocol with its name. */
export function printPorts(ports: readonly NamedPort[], protocol?: Protocol): string {
  const all = ports.filter(({ port }) => port > 0);
  if (all.length === 0) return 'it has no ports';
  const text = (one: NamedPort) =>
    one.protocol === (protocol ?? 'tcp') ? printPort(one) : `${printPort(one)} over ${one.protocol.toUpperCase()}`;
  return `it has ${[...new Set(all.map(text))].join(', ')}`;
}
