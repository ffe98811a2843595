import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { MAX_CREDENTIAL_OCTETS } from '../../base/read-file.ts';
import { CorefileError } from '../../corefile/error.ts';
import { wellKnownAuthorities } from '../../net/upstream/authorities.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { watchFiles } from '../../plugin/watched-file.ts';
import type { TlsFiles } from './tls-options.ts';

/** How often the files are read again: certificates are renewed while the server runs. */
export const CERTIFICATE_POLL_MS = 30_000;

/** The TLS context for encrypted upstreams, kept up to date. */
export interface Certificates {
  /** The context for the next connection. Must be called after `load`. */
  context(): SecureContext;
  /** @throws CorefileError (as a rejection) if a file cannot be read or its contents are not valid. */
  load(): Promise<void>;
  /** Why the files are not those in use. */
  readonly problem: string | undefined;
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
    async load() {
      if (identity || ca !== undefined) await watched.check();
      else context = contextOf(files, []);
      if (!context) throw new CorefileError(files.position, `cannot use the TLS files: ${failure}`);
    },
    get problem() {
      return watched.problem;
    },
    stop: () => watched.stop(),
  };
}

/** @throws Error if the texts are not valid. */
function contextOf({ identity, ca }: TlsFiles, texts: readonly string[]): SecureContext {
  const [cert, key] = identity ? texts : [];
  const authorities = ca === undefined ? wellKnownAuthorities() : texts.at(-1)!;
  // A context ignores authorities that it cannot read.
  if (typeof authorities === 'string') new X509Certificate(authorities);
  return createSecureContext({ ...(identity && { cert, key }), ca: authorities });
}
