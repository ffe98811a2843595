import { getSystemErrorMessage } from 'node:util';
import { CairnError, messageOf } from '../../base/errors.ts';
import type { Peer } from '../transport.ts';

/** Why an exchange failed, as a metric's label. */
export type FailureReason =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'closed'
  | 'malformed'
  /** The handshake failed, or the certificate is not valid. */
  | 'tls'
  /** An HTTP status other than 200. */
  | 'http'
  | 'limit'
  | 'other';

/**
 * An exchange with an upstream that failed.
 *
 * The texts are CoreDNS's, since operators alert on them: `read udp 10.0.0.5:4242->10.0.0.2:53: i/o timeout`.
 */
export class UpstreamError extends CairnError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, options?: { cause?: unknown }) {
    super('UPSTREAM', message, options);
    this.reason = reason;
  }
}

/** Lets the caller give up a query before its time-out, and follow its way. */
export interface Hold {
  /** Set while an exchange is under way: ends it with an error. */
  cancel: ((error: UpstreamError) => void) | undefined;
  /** If set, called whenever the query is sent, with its id and the address that it leaves from. Must not throw. */
  onSent?: ((id: number, from: Peer) => void) | undefined;
}

export function timeoutError(what: string): UpstreamError {
  return new UpstreamError('timeout', `${what}: i/o timeout`);
}

const REASONS: Readonly<Record<string, FailureReason>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ETIMEDOUT: 'timeout',
  EMFILE: 'limit',
  ENFILE: 'limit',
};

/** The error of a system call, `WHAT: CALL: connection refused`, or of TLS: `WHAT: tls: certificate has expired`. */
export function systemError(what: string, call: string, thrown: unknown): UpstreamError {
  const { code = '', errno } = thrown as NodeJS.ErrnoException;
  if (isOfTls(thrown)) return new UpstreamError('tls', `${what}: tls: ${tlsText(thrown)}`, { cause: thrown });
  const text = code === 'EHOSTUNREACH' ? 'no route to host' : errno ? getSystemErrorMessage(errno) : messageOf(thrown);
  return new UpstreamError(REASONS[code] ?? 'other', `${what}: ${call}: ${text}`, { cause: thrown });
}

/** OpenSSL's errors have codes that no system call has, except for a broken protocol. */
function isOfTls(thrown: unknown): thrown is Error {
  const { code = '', syscall } = thrown as NodeJS.ErrnoException;
  return code === 'EPROTO' || (syscall === undefined && code !== '' && !Object.hasOwn(REASONS, code));
}

/** The text of OpenSSL's error, without its place in the source and without the advice that Node.js adds. */
function tlsText({ message }: Error): string {
  return /SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? message.replace(/; if the root CA is installed.*$/s, '');
}
