import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { messageOf } from '../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readText } from '../../base/read-file.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Timer } from '../../observe/clock.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import type { TlsFiles } from './tls-options.ts';

/** How often the files are read again: certificates are renewed while the server runs. */
export const CERTIFICATE_POLL_MS = 30_000;

/** What encrypted upstreams are asked with, kept up to date. */
export interface Certificates {
  /** For the next connection; to be called after the start. */
  context(): SecureContext;
  /** @throws CorefileError (as a rejection) if a file cannot be read or does not hold what it should. */
  start(): Promise<void>;
  stop(): void;
}

export function watchCertificates(files: TlsFiles, env: Pick<PluginEnv, 'clock' | 'log' | 'path'>): Certificates {
  let context: SecureContext | undefined;
  let texts = '';
  let timer: Timer | undefined;
  let lastFailure = '';

  /** Makes another context if the files say something else than before. */
  const load = async () => {
    const read = (path: string | undefined) =>
      path === undefined ? '' : readText(env.path(path), MAX_CREDENTIAL_OCTETS);
    const [cert, key, ca] = await Promise.all([read(files.identity?.cert), read(files.identity?.key), read(files.ca)]);
    const next = JSON.stringify([cert, key, ca]);
    if (context && next === texts) return;
    const identity = files.identity && { cert, key };
    if (files.ca !== undefined) checkCertificate(ca);
    context = createSecureContext({ ...identity, ca: files.ca === undefined ? wellKnownAuthorities() : ca });
    texts = next;
  };
  const refresh = async () => {
    try {
      await load();
      lastFailure = '';
    } catch (thrown) {
      const failure = messageOf(thrown);
      if (failure !== lastFailure) env.log.warning(`certificates stay as they are: ${failure}`);
      lastFailure = failure;
    }
  };
  return {
    context: () => context!,
    async start() {
      try {
        await load();
      } catch (thrown) {
        throw new CorefileError(files.position, `cannot use the TLS files: ${messageOf(thrown)}`);
      }
      if (files.ca !== undefined || files.identity) timer = env.clock.every(CERTIFICATE_POLL_MS, refresh);
    },
    stop: () => timer?.cancel(),
  };
}

/** A context passes over authorities that it cannot read. @throws Error */
function checkCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

/** Those that Node.js knows, and those that the machine trusts besides. */
function wellKnownAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
