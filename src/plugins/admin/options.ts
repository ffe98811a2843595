import { CairnError, messageOf } from '../../base/errors.ts';
import { atMostArgs, exactArgs, once, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import { canonicalAddress } from '../../net/addresses.ts';
import { parseListenAddress } from '../../net/pages/http.ts';
import { type ListenAddress, overlaps } from '../../net/shared-sockets.ts';
import type { ListenTarget } from '../../net/transport.ts';

/** Where the interface listens. */
export type AdminAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly addresses: readonly ListenAddress[]; readonly port: number };

/** A file with a token, by its path in the Corefile. */
export interface TokenOption {
  readonly path: string;
  readonly position: Position;
}

export interface AdminOptions {
  readonly position: Position;
  /** The address as the Corefile has it. */
  readonly name: string;
  readonly address: AdminAddress;
  /** Clients with this token may read and change. */
  readonly token: TokenOption | undefined;
  /** Clients with this one may only read. */
  readonly readToken: TokenOption | undefined;
}

const DEFAULT_ADDRESS = 'localhost:9154';
/** The addresses that the name `localhost` stands for (RFC 6761). */
const LOCALHOST = ['127.0.0.1', '::1'];

/** Reads `admin [ADDRESS]` and its options. @throws CorefileError, CorefileErrors */
export function parseAdmin(uses: readonly Directive[]): AdminOptions {
  const directive = once(uses);
  const { position } = directive;
  const said: { token?: TokenOption; readToken?: TokenOption } = {};
  parseOptions(directive, {
    token: (line) => {
      said.token = fileOf(line, said.token);
    },
    read_token: (line) => {
      said.readToken = fileOf(line, said.readToken);
    },
  });
  const [token] = atMostArgs(directive, 1);
  const name = token?.text ?? DEFAULT_ADDRESS;
  const address = atToken(token ?? directive, () => addressOf(name));
  const { token: full, readToken } = said;
  if (address.kind === 'tcp' && !isLoopback(address.addresses) && !full && !readToken) {
    const instead = `add 'token FILE' in a block, or listen on ${DEFAULT_ADDRESS}`;
    throw new CorefileError(
      token?.position ?? position,
      `other machines can connect to '${name}', so a token is needed - ${instead}`,
    );
  }
  return { position, name, address, token: full, readToken };
}

function fileOf(line: OptionLine, before: TokenOption | undefined): TokenOption {
  const [{ text, position }] = exactArgs(line, 1);
  if (before) throw new CorefileError(line.position, `'${line.name}' names one file, and there are two - remove one`);
  if (text === '') throw new CorefileError(position, `'${line.name}' names no file`);
  return { path: text, position };
}

function addressOf(text: string): AdminAddress {
  const path = /^unix:\/\/(.+)$/s.exec(text)?.[1] ?? (text.includes('/') ? text : undefined);
  if (path !== undefined) return { kind: 'unix', path };
  const { address, port } = parseTcp(text);
  return { kind: 'tcp', addresses: address === 'localhost' ? LOCALHOST : [address], port };
}

/** @throws CairnError */
function parseTcp(text: string): ListenTarget {
  try {
    return parseListenAddress(text);
  } catch (thrown) {
    throw new CairnError(
      'ADDRESS',
      `${messageOf(thrown)}, or the path of a Unix socket, such as /run/cairn/admin.sock`,
    );
  }
}

/** Whether only one of two servers can listen, if paths are absolute. */
export function isSameSocket(a: AdminAddress, b: AdminAddress): boolean {
  if (a.kind === 'unix') return b.kind === 'unix' && a.path === b.path;
  if (b.kind === 'unix' || a.port !== b.port || a.port === 0) return false;
  return a.addresses.some((one) => b.addresses.some((other) => overlaps(one, other)));
}

/** Whether only programs of this machine can connect. A host name may stand for any address. */
function isLoopback(addresses: readonly ListenAddress[]): boolean {
  return addresses.every((address) => address !== undefined && isLoopbackHost(address));
}

/** Whether a host is `localhost` or an address that leads to this machine alone. */
export function isLoopbackHost(host: string): boolean {
  if (host.toLowerCase().replace(/\.$/, '') === 'localhost') return true;
  const address = canonicalAddress(host.replace(/^\[(.*)\]$/s, '$1'));
  return address !== undefined && (address === '::1' || address.startsWith('127.'));
}
