import type { RecordKind } from '../../../registry/completeness.ts';
import type { Parent, Targets } from '../../../registry/declared-records.ts';
import type { Endpoint, Port } from '../../../registry/records.ts';
import type { Key } from '../../../registry/table.ts';
import { endpointOf } from '../../objects/endpoint-slice.ts';
import { shared, sharedParents, sharedPorts, sharedTargets } from '../../objects/shared.ts';

/** The key of octets in JSON, which has none. No record has such a field. */
const OCTETS = '$octets';

/** A record as one line: its kind, and the record as JSON. */
export function printRecord(kind: RecordKind, record: Key): string {
  // Only DNSEndpoints have octets, and looking for them takes time.
  return JSON.stringify([kind, record], kind === 'dns-endpoint' ? writeOctets : undefined);
}

/** Reads a line of {@link printRecord}. Undefined if it is none. */
export function readRecord(line: string): { readonly kind: RecordKind; readonly record: Key } | undefined {
  const [kind, record] = JSON.parse(line, line.includes(OCTETS) ? readOctets : undefined) as [RecordKind, Key];
  return typeof record?.name === 'string' ? { kind, record: sharing(record) } : undefined;
}

function writeOctets(this: unknown, key: string, value: unknown): unknown {
  // A Buffer has been made another value already.
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? { [OCTETS]: Buffer.from(raw).toString('base64') } : value;
}

function readOctets(_: string, value: unknown): unknown {
  const octets = (value as Record<string, unknown> | null)?.[OCTETS];
  return typeof octets === 'string' ? Buffer.from(octets, 'base64') : value;
}

/** The parts of records that very many of them share. */
interface Parts {
  namespace?: string;
  ports?: readonly Port[];
  endpoints?: readonly Endpoint[];
  targets?: Targets;
  parents?: readonly Parent[];
}

/** The record with parts that are shared with others, as those that are made of objects. */
function sharing<T extends Key>(record: T): T {
  const parts: Parts = record;
  if (parts.namespace !== undefined) parts.namespace = shared(parts.namespace);
  if (parts.ports) parts.ports = sharedPorts(parts.ports);
  if (parts.endpoints) parts.endpoints = parts.endpoints.map(endpointWith);
  if (parts.targets) parts.targets = sharedTargets(parts.targets);
  if (parts.parents) parts.parents = sharedParents(parts.parents);
  return record;
}

function endpointWith({ address, hostname, podName, zone }: Endpoint): Endpoint {
  const hasTraits = hostname !== undefined || podName !== undefined || zone !== undefined;
  return endpointOf(address, hasTraits ? { hostname, podName, zone: shared(zone) } : undefined);
}
