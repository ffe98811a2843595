import type { OptionLine } from '../corefile/ast.ts';
import { atToken } from '../corefile/error.ts';
import type { Token } from '../corefile/token.ts';
import { parseListenAddress } from '../net/pages/http.ts';
import type { ParseContext } from './plugin.ts';

/** Reads the address of a page from an argument: `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. @throws CorefileError */
export function pageAddress(token: Token | undefined, fallback: string): string {
  if (token === undefined) return fallback;
  atToken(token, () => parseListenAddress(token.text));
  return token.text;
}

/** Reads the option `upstream` of old Corefiles. Some plugins of CoreDNS still accept it, and ignore it. */
export function ignoreUpstream({ warn }: ParseContext): { upstream(line: OptionLine): void } {
  return {
    upstream: ({ position }) => warn(position, "'upstream' has no effect: remove it, names are looked up here"),
  };
}
