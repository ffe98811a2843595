import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { MAX_CREDENTIAL_OCTETS } from '../../base/read-file.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { watchFiles } from '../../plugin/watched-file.ts';
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
  const { identity, ca } = files;
  let context: SecureContext | undefined;
  let failure = '';
  const watched = watchFiles({
    paths: [identity?.cert, identity?.key, ca].filter((path) => path !== undefined).map((path) => env.path(path)),
    clock: env.clock,
    intervalMs: CERTIFICATE_POLL_MS,
    maxOctets: MAX_CREDENTIAL_OCTETS,
    changed(texts) {
      context = contextOf(files, texts);
    },
    problem(message) {
      failure = message;
      if (context) env.log.warning(`certificates stay as they are: ${message}`);
    },
  });
  return {
    context: () => context!,
    async start() {
      if (identity || ca !== undefined) await watched.check();
      else context = contextOf(files, []);
      if (!context) throw new CorefileError(files.position, `cannot use the TLS files: ${failure}`);
    },
    stop: () => watched.stop(),
  };
}

/** @throws Error if the texts do not hold what they should. */
function contextOf({ identity, ca }: TlsFiles, texts: readonly string[]): SecureContext {
  const [cert, key] = identity ? texts : [];
  const authorities = ca === undefined ? wellKnownAuthorities() : texts.at(-1)!;
  // A context passes over authorities that it cannot read.
  if (typeof authorities === 'string') new X509Certificate(authorities);
  return createSecureContext({ ...(identity && { cert, key }), ca: authorities });
}

/** Those that Node.js knows, and those that the machine trusts besides. */
function wellKnownAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}
