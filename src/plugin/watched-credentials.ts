import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS } from '../base/read-file.ts';
import { CorefileError } from '../corefile/error.ts';
import type { Position } from '../corefile/position.ts';
import type { ClientAuth, ServerCredentials } from '../net/stream/tls-server.ts';
import type { Kept, PluginEnv } from './env.ts';
import { type WatchedFile, watchFiles } from './watched-file.ts';

/** How often the files are checked: certificates are renewed while the server runs. */
export const CERTIFICATE_POLL_MS = 30_000;

/** The absolute paths of PEM files, and what clients must show. */
export interface TlsFiles {
  /** The directive that names them. */
  readonly position: Position;
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  readonly clientAuth: ClientAuth;
}

/** The contents of the files; while they do not fit together, the last good contents. */
export interface WatchedCredentials extends Kept {
  /** Reads the files now. @throws CorefileError (as a rejection) if they were never good. */
  load(): Promise<void>;
  /** The same object until the files change. Must be called after `load`. */
  credentials(): ServerCredentials;
  /** When the certificate expires, in milliseconds since the Unix epoch. */
  readonly expiresMs: number;
  /** The files themselves. */
  readonly watched: Pick<WatchedFile, 'problem' | 'lookedAtMs'>;
}

export function watchCredentials(
  files: TlsFiles,
  { clock, log }: Pick<PluginEnv, 'clock' | 'log'>,
): WatchedCredentials {
  let expiresMs = 0;
  let current: ServerCredentials | undefined;
  let failure = '';
  const watched = watchFiles({
    paths: [files.cert, files.key, ...(files.ca === undefined ? [] : [files.ca])],
    clock,
    intervalMs: CERTIFICATE_POLL_MS,
    maxOctets: MAX_CREDENTIAL_OCTETS,
    changed([cert, key, ca]) {
      current = load(files, cert!, key!, ca);
      expiresMs = new X509Certificate(current.cert).validToDate.getTime();
      if (expiresMs <= clock.now()) log.warning(`the certificate in ${files.cert} has expired`);
    },
    problem(message) {
      failure = message;
      if (current) log.warning(`the certificate stays as it is: ${message}`);
    },
  });

  return {
    async load() {
      await watched.check();
      if (!current) throw new CorefileError(files.position, `cannot use the TLS files: ${failure}`);
    },
    credentials: () => current!,
    watched,
    get expiresMs() {
      return expiresMs;
    },
    stop: () => watched.stop(),
  };
}

/** @throws Error if a file is not valid, or the key does not belong to the certificate. */
function load(files: TlsFiles, cert: string, key: string, ca: string | undefined): ServerCredentials {
  const attempt = <T>(what: string, run: () => T): T => {
    try {
      return run();
    } catch (thrown) {
      throw new Error(`${what}: ${messageOf(thrown)}`, { cause: thrown });
    }
  };
  attempt(`${files.cert} holds no certificate`, () => new X509Certificate(cert));
  // A context ignores authorities that it cannot read.
  if (ca !== undefined) attempt(`${files.ca} holds no certificate`, () => new X509Certificate(ca));
  attempt(`${files.key} does not fit ${files.cert}`, () => createSecureContext({ cert, key }));
  return { cert, key, ca, clientAuth: files.clientAuth };
}
