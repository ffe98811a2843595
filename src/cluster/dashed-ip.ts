import { parseIP, printIP, unmapIP } from '../dns/ip.ts';

/** An address (canonical text) as one label: `10-0-0-7`, `2001-db8--1`. A label must not end in a dash, so `2001:db8::` gains a zero. */
export function dashIP(address: string): string {
  const label = address.replaceAll(/[.:]/g, '-');
  return label.endsWith('-') ? `${label}0` : label;
}

/**
 * The address, in canonical text, that a (folded) label holds with dashes; undefined if it holds none.
 *
 * An IPv6 address may have any form: `2001-db8--1` and `2001-db8-0-0-0-0-0-1` are the same address. An IPv4-mapped address is the IPv4 address.
 */
export function parseDashedIP(label: string): string | undefined {
  if (!label.includes('-') || label.includes(':')) return undefined;
  const isIPv4 = label.split('-', 5).length === 4 && !label.includes('--');
  const ip = parseIP(label.replaceAll('-', isIPv4 ? '.' : ':'));
  return ip && printIP(unmapIP(ip));
}
