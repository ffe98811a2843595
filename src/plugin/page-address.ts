import { atToken } from '../corefile/error.ts';
import type { Token } from '../corefile/token.ts';
import { parseListenAddress } from '../net/pages/http.ts';

/** Reads the address of a page from an argument: `HOST:PORT`, `[IPV6]:PORT` or `:PORT`. @throws CorefileError */
export function pageAddress(token: Token | undefined, fallback: string): string {
  if (token === undefined) return fallback;
  atToken(token, () => parseListenAddress(token.text));
  return token.text;
}
