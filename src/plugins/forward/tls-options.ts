import { atMostArgs, domainName } from '../../corefile/arguments.ts';
import type { OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { Token } from '../../corefile/token.ts';
import type { Target } from './target.ts';

/** PEM files, by their paths in the Corefile. */
export interface TlsFiles {
  /** The line that names them. */
  readonly position: Position;
  /** The client certificate for upstreams, and its key. */
  readonly identity: { readonly cert: string; readonly key: string } | undefined;
  /** The authorities for the upstreams' certificates; the well-known ones if undefined. */
  readonly ca: string | undefined;
}

/** Reads a line `tls`, `tls CA`, `tls CERT KEY` or `tls CERT KEY CA`. @throws CorefileError */
export function parseTls(line: OptionLine): TlsFiles {
  const { position } = line;
  const [first, second, third] = atMostArgs(line, 3).map(({ text }) => text);
  if (first === undefined || second === undefined) return { position, identity: undefined, ca: first };
  return { position, identity: { cert: first, key: second }, ca: third };
}

/** The name of a host as certificates have it: without the last dot. @throws CorefileError */
export function parseServername(token: Token): string {
  return domainName(token).replace(/(?<=.)\.$/, '');
}

/** @throws CorefileError at a TO with the name in its certificate, if `tls_servername` says it, too */
export function checkServernames(targets: readonly Target[], tokens: readonly Token[]): void {
  const at = targets.findIndex((target) => target.kind === 'address' && target.endpoint.encryption?.servername);
  if (at === -1) return;
  const detail = `both '${tokens[at]!.text}' and 'tls_servername' give the name in the certificate`;
  throw new CorefileError(tokens[at]!.position, `${detail} - leave one of them out`);
}
