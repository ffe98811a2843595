/** An IP address: 4 octets for IPv4, 16 for IPv6, in network order. */
export type IP = Uint8Array;

/** An IP network in CIDR notation: `bits` leading bits of `ip` count, the others are zero. */
export interface Prefix {
  readonly ip: IP;
  readonly bits: number;
}

/** Reads an address in any text form (RFC 4291 §2.2; dotted quads without leading zeros); undefined if the text is not an address. */
export function parseIP(text: string): IP | undefined {
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text);
}

function parseIPv4(text: string): IP | undefined {
  const number = parseIPv4Number(text);
  if (number === undefined) return undefined;
  return Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number);
}

/** Reads an IPv4 address as one number of 32 bits; undefined if the text is not an IPv4 address. */
export function parseIPv4Number(text: string): number | undefined {
  let number = 0;
  let dots = 0;
  let octet = -1;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x2e) {
      if (octet === -1 || dots === 3) return undefined;
      number = number * 256 + octet;
      dots++;
      octet = -1;
    } else {
      const digit = char - 0x30;
      if (digit < 0 || digit > 9 || octet === 0) return undefined;
      octet = octet === -1 ? digit : 10 * octet + digit;
      if (octet > 255) return undefined;
    }
  }
  return octet === -1 || dots !== 3 ? undefined : number * 256 + octet;
}

function parseIPv6(text: string): IP | undefined {
  let groups = text;
  const quad = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (quad) {
    const v4 = parseIPv4(quad[2]!);
    if (!v4) return undefined;
    groups = `${quad[1]}${((v4[0]! << 8) | v4[1]!).toString(16)}:${((v4[2]! << 8) | v4[3]!).toString(16)}`;
  }
  const halves = groups.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const ip = new Uint8Array(16);
  const all = [...head, ...Array<string>(missing).fill('0'), ...tail];
  for (let i = 0; i < 8; i++) {
    const group = all[i]!;
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    ip[2 * i] = value >> 8;
    ip[2 * i + 1] = value & 0xff;
  }
  return ip;
}

/** The address as text; IPv6 in the canonical form of RFC 5952. */
export function printIP(ip: IP): string {
  return ip.length === 4 ? ip.join('.') : printIPv6(ip);
}

function printIPv6(ip: IP): string {
  if (isMapped(ip)) return `::ffff:${ip.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, i) => (ip[2 * i]! << 8) | ip[2 * i + 1]!);
  let start = -1;
  let length = 1; // RFC 5952 §4.2.2: a single zero group is not shortened
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) {
      start = i;
      length = run;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (start === -1) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function isMapped(ip: IP): boolean {
  return ip[10] === 0xff && ip[11] === 0xff && ip.subarray(0, 10).every((octet) => octet === 0);
}

/** The IPv4 address inside an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2); any other address as it is. */
export function unmapIP(ip: IP): IP {
  return ip.length === 16 && isMapped(ip) ? ip.subarray(12) : ip;
}

/** The address in canonical text, or undefined if the text is not an address. */
export function canonicalIP(text: string): string | undefined {
  const ip = parseIP(text);
  // There is only one way to write an IPv4 address.
  return ip?.length === 4 ? text : ip && printIP(ip);
}

/** Reads `ADDRESS/BITS`; host bits are cleared. Undefined if it is not one. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf('/');
  const ip = slash === -1 ? undefined : parseIP(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (!ip || !/^\d{1,3}$/.test(bits) || Number(bits) > ip.length * 8) return undefined;
  return { ip: maskIP(ip, Number(bits)), bits: Number(bits) };
}

/** The address with all but its leading bits zero. */
export function maskIP(ip: IP, bits: number): IP {
  return ip.map((octet, i) => octet & (0xff << (8 - Math.min(8, Math.max(0, bits - 8 * i)))));
}

/** The network in canonical text. */
export function printPrefix({ ip, bits }: Prefix): string {
  return `${printIP(ip)}/${bits}`;
}

/** Whether the address lies in the network; an address of the other family never does. */
export function prefixContains(prefix: Prefix, ip: IP): boolean {
  if (prefix.ip.length !== ip.length) return false;
  return maskIP(ip, prefix.bits).every((octet, i) => octet === prefix.ip[i]);
}
