import { parseIP, printIP, unmapIP } from '../../dns/ip.ts';
import { foldName, type Name, NameError, parseUnicodeName } from '../../dns/name.ts';

/** The names of one address. */
export interface HostEntry {
  /** In canonical text; an IPv4-mapped address becomes the IPv4 address. */
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

/** A plain host name, which can be read faster than a general domain name. */
const PLAIN_NAME = /^(?:[a-z0-9_*-]{1,63}\.)*[a-z0-9_*-]{1,63}$/i;
const PLAIN_NAME_OCTETS = 253;

/** Reads a host's name, which is absolute even without its last dot. @throws NameError */
export function parseHostName(text: string): Name {
  const isPlain = text.length <= PLAIN_NAME_OCTETS && PLAIN_NAME.test(text);
  return foldName(isPlain ? `${text}.` : parseUnicodeName(text));
}

/**
 * Reads the text of a hosts file, with a step for each line: an address and its names; `#` starts a comment. `broken` is called with the lines that
 * cannot be read, such as `3: "a..b" has an empty label`.
 */
export function* readHosts(text: string, broken: (line: string) => void): Generator<HostEntry | undefined> {
  let number = 0;
  for (const line of linesOf(text)) {
    number++;
    yield readLine(line, (problem) => broken(`${number}: ${problem}`));
  }
}

function readLine(line: string, broken: (problem: string) => void): HostEntry | undefined {
  const [first, ...rest] = line.replace(/#.*/s, '').trim().split(/\s+/) as [string, ...string[]];
  if (first === '') return undefined;
  const address = parseAddress(first);
  if (address === undefined) {
    broken(`"${first}" is not an IP address`);
    return undefined;
  }
  try {
    return { address, names: rest.map(parseHostName) };
  } catch (thrown) {
    if (!(thrown instanceof NameError)) throw thrown;
    broken(thrown.message);
    return undefined;
  }
}

function* linesOf(text: string): Generator<string> {
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
    yield text.slice(start, end);
    start = end + 1;
  }
  yield text.slice(start);
}
