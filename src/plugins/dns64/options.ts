import { atMostArgs, exactArgs, lastUse, network, noArgs, parseOptions } from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Token } from '../../corefile/token.ts';
import { type Prefix, parsePrefix } from '../../dns/ip.ts';
import { PREFIX_LENGTHS } from './prefix.ts';

export interface Dns64Options {
  readonly prefix: Prefix;
  /** Whether existing AAAA records are replaced. */
  readonly translateAll: boolean;
  /** Whether clients that ask over IPv4 also get such addresses. */
  readonly allowIPv4: boolean;
}

/** RFC 6052 §2.1 */
const WELL_KNOWN_PREFIX = '64:ff9b::/96';

/** Reads `dns64 [PREFIX] { … }`. @throws CorefileError, CorefileErrors */
export function parseDns64(uses: readonly Directive[]): Dns64Options {
  const directive = lastUse(uses);
  const [first] = atMostArgs(directive, 1);
  let prefix = first ? readPrefix(first) : parsePrefix(WELL_KNOWN_PREFIX)!;
  let translateAll = false;
  let allowIPv4 = false;
  parseOptions(directive, {
    prefix(line) {
      prefix = readPrefix(exactArgs(line, 1)[0]);
    },
    translate_all(line) {
      noArgs(line);
      translateAll = true;
    },
    allow_ipv4(line) {
      noArgs(line);
      allowIPv4 = true;
    },
  });
  return { prefix, translateAll, allowIPv4 };
}

function readPrefix(token: Token): Prefix {
  const prefix = network(token);
  if (prefix.ip.length === 16 && PREFIX_LENGTHS.includes(prefix.bits)) return prefix;
  const detail = `invalid prefix "${token.text}", expecting an IPv6 prefix of ${PREFIX_LENGTHS.join(', ')} bits`;
  throw new CorefileError(token.position, detail);
}
