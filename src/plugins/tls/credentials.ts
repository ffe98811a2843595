import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS } from '../../base/read-file.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import type { ClientAuth, ServerCredentials } from '../../net/stream/tls-server.ts';
import type { Timer } from '../../observe/clock.ts';
import type { Kept, PluginEnv } from '../../plugin/env.ts';
import { watchFile } from '../../plugin/watched-file.ts';

/** How often the files are looked at: certificates are renewed while the server runs. */
export const CERTIFICATE_POLL_MS = 30_000;

/** PEM files by their absolute paths, and what is asked of clients. */
export interface TlsFiles {
  /** The directive that names them. */
  readonly position: Position;
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
  readonly clientAuth: ClientAuth;
}

/** What the files hold, for as long as it makes sense together; else what they held before. */
export interface WatchedCredentials extends Kept {
  /** Looks at the files now. @throws CorefileError (as a rejection) if they never held anything good. */
  start(): Promise<void>;
  /** The same object until the files change; to be called after the start. */
  credentials(): ServerCredentials;
  /** When the certificate ends, in milliseconds since the Unix epoch. */
  readonly expiresMs: number;
}

export function watchCredentials(
  files: TlsFiles,
  { clock, log }: Pick<PluginEnv, 'clock' | 'log'>,
): WatchedCredentials {
  let expiresMs = 0;
  let current: ServerCredentials | undefined;
  let timer: Timer | undefined;
  let problems: string[] = [];
  let lastFailure = '';
  let isChanged = false;
  const texts = new Map<string, string>();
  const watched = [files.cert, files.key, ...(files.ca === undefined ? [] : [files.ca])].map((path) =>
    watchFile({
      path,
      clock,
      intervalMs: 0, // all are looked at together: a certificate and the key of another one make no sense
      maxOctets: MAX_CREDENTIAL_OCTETS,
      changed(text) {
        texts.set(path, text);
        isChanged = true;
      },
      problem: (message) => problems.push(message),
    }),
  );

  async function look(): Promise<void> {
    problems = [];
    await Promise.all(watched.map((file) => file.check()));
    if (isChanged && problems.length === 0) {
      isChanged = false;
      try {
        current = load(files, texts);
        lastFailure = '';
        expiresMs = new X509Certificate(current.cert).validToDate.getTime();
        if (expiresMs <= clock.now()) log.warning(`the certificate in ${files.cert} has expired`);
      } catch (thrown) {
        problems.push(messageOf(thrown));
      }
    }
    for (const problem of problems) {
      if (current && problem !== lastFailure) log.warning(`the certificate stays as it is: ${problem}`);
      lastFailure = problem;
    }
  }

  return {
    async start() {
      await look();
      if (!current) throw new CorefileError(files.position, `cannot use the TLS files: ${lastFailure}`);
      timer ??= clock.every(CERTIFICATE_POLL_MS, look);
    },
    credentials: () => current!,
    get expiresMs() {
      return expiresMs;
    },
    stop() {
      timer?.cancel();
      for (const file of watched) file.stop();
    },
  };
}

/** @throws Error if the files do not hold what they should, or the key is another certificate's. */
function load({ cert, key, ca, clientAuth }: TlsFiles, texts: ReadonlyMap<string, string>): ServerCredentials {
  const read = (path: string) => texts.get(path)!;
  const attempt = <T>(what: string, run: () => T): T => {
    try {
      return run();
    } catch (thrown) {
      throw new Error(`${what}: ${messageOf(thrown)}`, { cause: thrown });
    }
  };
  const credentials = { cert: read(cert), key: read(key), ca: ca === undefined ? undefined : read(ca), clientAuth };
  attempt(`${cert} holds no certificate`, () => new X509Certificate(credentials.cert));
  // A context passes over authorities that it cannot read.
  if (ca !== undefined) attempt(`${ca} holds no certificate`, () => new X509Certificate(credentials.ca!));
  attempt(`${key} does not fit ${cert}`, () => createSecureContext({ cert: credentials.cert, key: credentials.key }));
  return credentials;
}
