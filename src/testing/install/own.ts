import { type Prefix, parseIP, prefixContains, unmapIP } from '../../dns/ip.ts';

/** Addresses of this machine, and those that stand for it. */
const OWN_NETWORKS: readonly Prefix[] = [
  { ip: parseIP('127.0.0.0')!, bits: 8 },
  { ip: parseIP('0.0.0.0')!, bits: 32 },
  { ip: parseIP('::')!, bits: 127 },
];

/** Whether connections to an address stay on this machine. */
export function isOwn(text: string): boolean {
  const ip = parseIP(text);
  return ip !== undefined && isIn(OWN_NETWORKS, unmapIP(ip));
}

export function isIn(networks: readonly Prefix[], ip: Uint8Array): boolean {
  return networks.some((network) => prefixContains(network, ip));
}
