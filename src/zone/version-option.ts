import type { Edns } from '../dns/message.ts';
import { DIGEST_OCTETS } from './digest.ts';

/**
 * The EDNS option by which servers with copies follow a zone. Its code is one of those for local use (RFC 6891 §9), and servers that do not know it ignore
 * it (§6.1.2): then zones are copied as they are everywhere.
 *
 * The data of a query is an octet with the seconds that the response to IXFR may wait for a newer version, and the digest of the client's version. That
 * of a response is an octet that is 1 if the client's version is current, and the digest of the server's version. Both digests may be left out.
 */
export const VERSION_OPTION = 65_283;

/** The longest time that a response may wait. Connections through address translation are forgotten if nothing is sent for much longer. */
export const MAX_WAIT_SECONDS = 60;

type Option = Edns['options'][number];

interface VersionData {
  /** Of the client's version in a query, and of the server's in a response; hexadecimal digits. */
  readonly digest: string | undefined;
  readonly octet: number;
}

/** What a client says of its version. */
export interface AskedVersion {
  readonly digest: string | undefined;
  readonly waitSeconds: number;
}

/** What a server says of its version. */
export interface ToldVersion {
  readonly digest: string | undefined;
  /** Whether the client's version is current. */
  readonly isCurrent: boolean;
}

export function askVersion({ digest, waitSeconds }: AskedVersion): Option {
  return encode({ digest, octet: Math.min(waitSeconds, MAX_WAIT_SECONDS) });
}

export function tellVersion({ digest, isCurrent }: ToldVersion): Option {
  return encode({ digest, octet: isCurrent ? 1 : 0 });
}

/** Undefined if the client says nothing, or nothing that can be read. */
export function askedVersion(edns: Edns | undefined): AskedVersion | undefined {
  const data = decode(edns);
  return data && { digest: data.digest, waitSeconds: Math.min(data.octet, MAX_WAIT_SECONDS) };
}

/** Undefined if the server says nothing, or nothing that can be read. */
export function toldVersion(edns: Edns | undefined): ToldVersion | undefined {
  const data = decode(edns);
  return data && { digest: data.digest, isCurrent: data.octet === 1 };
}

function encode({ digest, octet }: VersionData): Option {
  return { code: VERSION_OPTION, data: Buffer.from(octet.toString(16).padStart(2, '0') + (digest ?? ''), 'hex') };
}

function decode(edns: Edns | undefined): VersionData | undefined {
  const data = edns?.options.find(({ code }) => code === VERSION_OPTION)?.data;
  if (!data || (data.length !== 1 && data.length !== 1 + DIGEST_OCTETS)) return undefined;
  const digest = data.length === 1 ? undefined : Buffer.from(data.subarray(1)).toString('hex');
  return { digest, octet: data[0]! };
}
