import { zonesArgument } from '../corefile/arguments.ts';
import type { OptionLine } from '../corefile/ast.ts';
import { atToken } from '../corefile/error.ts';
import { lookOf } from '../corefile/key.ts';
import type { Token } from '../corefile/token.ts';
import type { Name } from '../dns/name.ts';
import { parseListenAddress } from '../net/pages/http.ts';
import type { ParseContext } from './plugin.ts';

/** Why labels that a plugin reads are empty. */
export const NO_LABELS = "labels are read, but have no values without 'metadata' in the block: add it";

/** Reads the address of a page from an argument: `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. @throws CorefileError */
export function pageAddress(token: Token | undefined, fallback: string): string {
  if (token === undefined) return fallback;
  atToken(token, () => parseListenAddress(token.text));
  return token.text;
}

/**
 * The zones of ZONES arguments, by default those of the block, with a warning for each that looks like something else.
 *
 * @throws CorefileError, CorefileErrors
 */
export function blockZones(tokens: readonly Token[], { zones, warn }: ParseContext): readonly Name[] {
  for (const { text, position } of tokens) {
    const look = lookOf(text);
    if (look) warn(position, `'${text}' is read as a zone, but looks like ${look}`, 'looks-like');
  }
  return zonesArgument(tokens, zones);
}

/** Reads the option `upstream` of old Corefiles. Some plugins of CoreDNS still accept it, and ignore it. */
export function ignoreUpstream({ warn }: ParseContext): { upstream(line: OptionLine): void } {
  return {
    upstream: ({ position }) => warn(position, "'upstream' has no effect: remove it, names are looked up here"),
  };
}
