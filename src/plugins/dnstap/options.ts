import { argsBetween, exactArgs, integer, noArgs, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, Line } from '../../corefile/ast.ts';
import { atToken, CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import { parseListenAddress } from '../../net/pages/http.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

/** CoreDNS's bounds of the two factors. */
const MAX_WRITE_BUFFER = 1024;
const MAX_QUEUE = 4096;

/** Where the other end is: a Unix socket, or a host and port. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp' | 'tls'; readonly host: string; readonly port: number };

/** PEM files of a listener, by their paths in the Corefile. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

/** One use of the directive. */
export interface TapOptions {
  readonly position: Position;
  /** Whether the other end connects to this one. */
  readonly isListener: boolean;
  readonly endpoint: Endpoint;
  /** The other end as the Corefile has it. */
  readonly name: string;
  /** Whether the octets of DNS messages are told. */
  readonly full: boolean;
  /** Factors, of a MiB and of 10,000 messages. */
  readonly writeBuffer: number;
  readonly queue: number;
  /** The host's name, and Cairn's version, if undefined. */
  readonly identity: string | undefined;
  readonly version: string | undefined;
  readonly extra: string;
  readonly skipVerify: boolean;
  readonly tls: ListenerTls | undefined;
}

/** Reads `dnstap SOCKET [full [WRITEBUFFER [QUEUE]]]` or `dnstap listen SOCKET [full]`, and the options. @throws CorefileError, CorefileErrors */
export function parseTap(directive: Directive, block: ParseContext): TapOptions {
  const { position, args } = directive;
  const isListener = args[0]?.text === 'listen';
  const [first, ...others] = argsBetween(directive, isListener ? 2 : 1, isListener ? 3 : 4);
  const socket = isListener ? others.shift()! : first;
  const [full, writeBuffer, queue] = others;
  const endpoint = parseEndpoint(socket, isListener);
  const options = parseBlock(directive);
  checkTls(directive, isListener, endpoint, options, block);
  return {
    ...{ position, isListener, endpoint },
    name: isListener ? `listen ${socket.text}` : socket.text,
    full: parseFull(full, block),
    writeBuffer: factor(writeBuffer, MAX_WRITE_BUFFER, 'write buffer, which is in MiB'),
    queue: factor(queue, MAX_QUEUE, 'queue, which is in 10,000 messages'),
    ...options,
  };
}

function parseEndpoint(token: Token, isListener: boolean): Endpoint {
  const { text, position } = token;
  const [, scheme = 'unix', rest = text] = /^([A-Za-z0-9+.-]+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'unix') {
    if (rest !== '') return { kind: 'unix', path: rest };
    throw new CorefileError(position, `'${text}' names no socket - write a path, such as /run/dnstap.sock`);
  }
  if (scheme !== 'tcp' && scheme !== 'tls') {
    throw new CorefileError(
      position,
      `'${scheme}://' is not known - write a path, unix://PATH, tcp://HOST:PORT or tls://HOST:PORT`,
    );
  }
  const { address: host, port } = atToken(token, () => parseListenAddress(rest));
  if (!isListener && (host === undefined || port === 0)) {
    throw new CorefileError(position, `'${text}' has no ${host === undefined ? 'host' : 'port'} to connect to`);
  }
  return { kind: scheme, host: host ?? '::', port };
}

/** CoreDNS ignores any other word. With a dash in its place, the next arguments can be given without `full`. */
function parseFull(token: Token | undefined, { warn }: ParseContext): boolean {
  if (token === undefined || token.text === '-') return false;
  if (token.text === 'full') return true;
  warn(token.position, `'${token.text}' has no effect: messages are told of in full only with 'full'`);
  return false;
}

function factor(token: Token | undefined, max: number, what: string): number {
  return token === undefined ? 1 : integer(token, { min: 1, max }, what);
}

type BlockOptions = Pick<TapOptions, 'identity' | 'version' | 'extra' | 'skipVerify' | 'tls'>;

function parseBlock(directive: Directive): BlockOptions {
  let [identity, version, extra, tls]: [string?, string?, string?, ListenerTls?] = [];
  let skipVerify = false;
  const word = (line: Line) => exactArgs(line, 1)[0].text;
  parseOptions(directive, {
    identity: (line) => {
      identity = word(line);
    },
    version: (line) => {
      version = word(line);
    },
    extra: (line) => {
      extra = word(line);
    },
    skipverify: (line) => {
      noArgs(line);
      skipVerify = true;
    },
    tls: (line) => {
      const [cert, key, ca] = argsBetween(line, 2, 3).map(({ text }) => text);
      tls = { cert: cert!, key: key!, ca };
    },
  });
  return { identity, version, extra: extra ?? '', skipVerify, tls };
}

/** @throws CorefileError if a listener over TLS has no certificate, or something else has one. */
function checkTls(
  { position, options }: Directive,
  isListener: boolean,
  { kind }: Endpoint,
  { tls, skipVerify }: BlockOptions,
  { warn }: ParseContext,
): void {
  const at = (name: string) => options.find((line) => line.name === name)!.position;
  if (isListener && kind === 'tls' && !tls) {
    throw new CorefileError(position, "a listener at 'tls://' needs a certificate - add the option 'tls CERT KEY'");
  }
  if (tls && !isListener) throw new CorefileError(at('tls'), "'tls' is only valid after 'listen'");
  if (tls && kind !== 'tls') warn(at('tls'), "'tls' has no effect: the socket does not begin with tls://");
  if (skipVerify && kind !== 'tls')
    warn(at('skipverify'), "'skipverify' has no effect: the socket does not begin with tls://");
}
