import { canonicalAddress } from '../net/addresses.ts';

/** One address of a hosts file, with its names. */
export interface HostsLine {
  /** In canonical text. */
  readonly address: string;
  readonly family: 4 | 6;
  /** As written; the first is the canonical one. */
  readonly names: readonly string[];
}

/** Reads a hosts file. Like all resolvers, it ignores lines that it does not understand. */
export function parseHosts(text: string): HostsLine[] {
  return text.split('\n').flatMap((line): HostsLine[] => {
    const [written = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const address = canonicalAddress(written);
    if (address === undefined || names.length === 0) return [];
    return [{ address, family: address.includes(':') ? 6 : 4, names }];
  });
}

/** The lines with the name. The case of names does not matter. */
export function linesWithName(lines: readonly HostsLine[], name: string): HostsLine[] {
  const folded = name.toLowerCase();
  return lines.filter(({ names }) => names.some((one) => one.toLowerCase() === folded));
}

/** The names of an address, as getnameinfo finds them. */
export function namesOfAddress(lines: readonly HostsLine[], address: string): string[] {
  return lines.filter((line) => line.address === address).flatMap(({ names }) => names);
}

/**
 * The names of an address as c-ares finds them for `dns.reverse`: lines that share an address or a name are one, and its first name is missing.
 * Undefined where no line has the address.
 */
export function aliasesOfAddress(lines: readonly HostsLine[], address: string): string[] | undefined {
  const hosts: { readonly addresses: Set<string>; readonly names: Set<string> }[] = [];
  for (const line of lines) {
    const same = hosts.find(
      (host) => host.addresses.has(line.address) || line.names.some((name) => host.names.has(name)),
    );
    const host = same ?? { addresses: new Set(), names: new Set() };
    if (!same) hosts.push(host);
    host.addresses.add(line.address);
    for (const name of line.names) host.names.add(name);
  }
  const found = hosts.find(({ addresses }) => addresses.has(address));
  return found && [...found.names].slice(1);
}

/** What a kubelet knows of a pod when it writes the hosts file. */
export interface PodHosts {
  /** In the order of `status.podIPs`; empty for a pod without addresses. */
  readonly addresses: readonly string[];
  readonly hostname: string;
  /** The pod's name below the service that `spec.subdomain` names; undefined without one. */
  readonly fullName?: string | undefined;
  readonly hostNetwork?: boolean | undefined;
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames: readonly string[] }[] | undefined;
}

const LOOPBACK = [
  ['127.0.0.1', 'localhost'],
  ['::1', 'localhost', 'ip6-localhost', 'ip6-loopback'],
  ['fe00::0', 'ip6-localnet'],
  ['fe00::0', 'ip6-mcastprefix'],
  ['fe00::1', 'ip6-allnodes'],
  ['fe00::2', 'ip6-allrouters'],
];

/** The text of the /etc/hosts that the kubelet writes for a pod. A pod in the network of its node has only the node's lines for loopback here. */
export function hostsFor({ addresses, hostname, fullName, hostNetwork = false, hostAliases = [] }: PodHosts): string {
  const own = fullName === undefined ? [hostname] : [fullName, hostname];
  const lines = [
    ...LOOPBACK,
    ...(hostNetwork ? [] : addresses.map((address) => [address, ...own])),
    ...hostAliases.map(({ ip, hostnames }) => [ip, ...hostnames]),
  ];
  return lines.map((words) => `${words.join('\t')}\n`).join('');
}
