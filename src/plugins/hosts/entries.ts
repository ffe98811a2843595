import { parseIP, printIP, unmapIP } from '../../dns/ip.ts';
import { foldName, type Name, NameError, parseName } from '../../dns/name.ts';

/** The names of one address. */
export interface HostEntry {
  /** In canonical text; an IPv4-mapped address is taken for the IPv4 address in it. */
  readonly address: string;
  /** Folded. */
  readonly names: readonly Name[];
}

/** An IPv4 or IPv6 address in canonical text, an IPv6 zone id (`%eth0`) dropped; undefined for anything else. */
export function parseAddress(text: string): string | undefined {
  const percent = text.indexOf('%');
  const ip = parseIP(percent === -1 ? text : text.slice(0, percent));
  return ip && printIP(unmapIP(ip));
}

/** An ordinary host name, which needs none of the care that a domain name in general does. */
const PLAIN_NAME = /^(?:[a-z0-9_*-]{1,63}\.)*[a-z0-9_*-]{1,63}$/i;
const PLAIN_NAME_OCTETS = 253;

/** Reads a host's name, which is absolute with and without its last dot. @throws NameError */
export function parseHostName(text: string): Name {
  const isPlain = text.length <= PLAIN_NAME_OCTETS && PLAIN_NAME.test(text);
  return foldName(isPlain ? `${text}.` : parseName(text));
}

export interface HostsText {
  readonly entries: readonly HostEntry[];
  /** The lines that could not be read, such as `3: "a..b" has an empty label`. */
  readonly broken: readonly string[];
}

/** Reads the text of a hosts file: an address and its names on each line, `#` starts a comment. */
export function parseHosts(text: string): HostsText {
  const entries: HostEntry[] = [];
  const broken: string[] = [];
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    const [first, ...rest] = line.replace(/#.*/s, '').trim().split(/\s+/) as [string, ...string[]];
    if (first === '') continue;
    const address = parseAddress(first);
    if (address === undefined) {
      broken.push(`${number}: "${first}" is not an IP address`);
      continue;
    }
    try {
      entries.push({ address, names: rest.map(parseHostName) });
    } catch (thrown) {
      if (!(thrown instanceof NameError)) throw thrown;
      broken.push(`${number}: ${thrown.message}`);
    }
  }
  return { entries, broken };
}
