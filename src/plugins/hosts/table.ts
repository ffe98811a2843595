import { AddressPrefixes } from '../../dns/address-prefixes.ts';
import { joinName, longestZone, type Name, parentOf } from '../../dns/name.ts';
import type { HostEntry } from './entries.ts';

/** The maximum number of pairs of an address and a name; further ones are left out. */
export const MAX_ENTRIES = 500_000;

/**
 * The maximum number of addresses of a name and family, and of names of an address. A block list may give one address to hundreds of thousands of
 * names, and no message can hold them all.
 */
export const MAX_RRSET_RECORDS = 1000;

/** The addresses of a name, in the order of the file. */
interface Host {
  readonly ipv4: string[];
  readonly ipv6: string[];
}

/** Hosts, ready for lookups. */
export interface HostsTable {
  /** By folded name; a wildcard has the name `*.example.org.`. */
  readonly hosts: ReadonlyMap<Name, Host>;
  /** Names that exist only because a host lies below them (RFC 8020). */
  readonly parents: ReadonlySet<Name>;
  /** The names of an address, in the order of the file. */
  readonly names: ReadonlyMap<string, readonly Name[]>;
  /** The prefixes of these addresses. */
  readonly prefixes: Pick<AddressPrefixes, 'has'>;
  /** Pairs of an address and a name. */
  readonly size: number;
  /** Whether there were more than {@link MAX_ENTRIES}. */
  readonly truncated: boolean;
}

/** Which hosts a table takes. */
interface TableOptions {
  /** The (folded) zones of their names. */
  readonly zones: readonly Name[];
  /** Whether names can be found by address. */
  readonly reverse: boolean;
  readonly maxEntries?: number;
}

/** Makes a table of entries, with a step for each of them. */
export function* tableSteps(
  entries: Iterable<HostEntry | undefined>,
  { zones, reverse, maxEntries = MAX_ENTRIES }: TableOptions,
): Generator<void, HostsTable> {
  const hosts = new Map<Name, Host>();
  const parents = new Set<Name>();
  const namesOf = new Map<string, Name[]>();
  const prefixes = new AddressPrefixes();
  const table = { hosts, parents, names: namesOf, prefixes };
  let size = 0;
  for (const entry of entries) {
    yield;
    const { address, names } = entry ?? NO_ENTRY;
    for (const name of names) {
      if (longestZone(name, zones) === undefined) continue;
      if (size === maxEntries) return { ...table, size, truncated: true };
      if (!addAddress(hosts, name, address)) continue;
      size++;
      addParents(parents, name);
      if (!reverse || name.startsWith('*.')) continue;
      if (!namesOf.has(address)) prefixes.add(address);
      addName(namesOf, address, name);
    }
  }
  return { ...table, size, truncated: false };
}

const NO_ENTRY: HostEntry = { address: '', names: [] };

/** Makes a table of a few entries, at once. */
export function buildTable(entries: Iterable<HostEntry | undefined>, options: TableOptions): HostsTable {
  const steps = tableSteps(entries, options);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Adds an address to a name, unless the name already has it. */
function addAddress(hosts: Map<Name, Host>, name: Name, address: string): boolean {
  let host = hosts.get(name);
  if (!host) {
    host = { ipv4: [], ipv6: [] };
    hosts.set(name, host);
  }
  const addresses = address.includes(':') ? host.ipv6 : host.ipv4;
  if (addresses.length === MAX_RRSET_RECORDS || addresses.includes(address)) return false;
  addresses.push(address);
  return true;
}

function addParents(parents: Set<Name>, name: Name): void {
  for (let parent = parentOf(name); parent !== undefined && !parents.has(parent); parent = parentOf(parent)) {
    parents.add(parent);
  }
}

function addName(namesOf: Map<string, Name[]>, address: string, name: Name): void {
  const names = namesOf.get(address);
  if (!names) namesOf.set(address, [name]);
  else if (names.length < MAX_RRSET_RECORDS) names.push(name);
}

/** The host of a folded name, or else of the wildcard that covers its first label. */
export function findHost({ hosts }: HostsTable, name: Name): Host | undefined {
  const host = hosts.get(name);
  const parent = parentOf(name);
  return host || parent === undefined ? host : hosts.get(joinName(['*'], parent));
}
