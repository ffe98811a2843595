import { argsBetween, exactArgs, once, oneOf, parseOptions } from '../../corefile/arguments.ts';
import type { Directive, OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import { CLIENT_AUTH, type ClientAuth } from '../../net/stream/tls-server.ts';
import { CREDENTIALS } from '../../plugin/keys.ts';
import { definePlugin } from '../../plugin/plugin.ts';
import { type TlsFiles, watchCredentials } from '../../plugin/watched-credentials.ts';
import { whileServing } from '../../plugin/while-serving.ts';
import { certificateStatus } from './status.ts';

interface TlsOptions {
  readonly files: TlsFiles;
}

/** Sets the certificate of the block's encrypted listeners, and what clients must show. */
export default definePlugin<TlsOptions>({
  name: 'tls',
  dependsOn: 'question',

  parse(uses, { keys, warn }) {
    const directive = once(uses);
    if (keys.every(({ transport }) => transport === 'dns')) {
      warn(directive.position, 'no key of the block begins with tls:// or https://, so no certificate is shown');
    }
    return { files: parseFiles(directive) };
  },

  settings: ({ files: { position, cert, key, ca, clientAuth } }) => ({
    tls: {
      plugin: 'tls',
      position,
      text: ['tls', cert, key, ca, clientAuth].filter((word) => word !== undefined).join(' '),
    },
  }),

  create({ files }, env) {
    const absolute: TlsFiles = {
      ...files,
      cert: env.path(files.cert),
      key: env.path(files.key),
      ca: files.ca === undefined ? undefined : env.path(files.ca),
    };
    const { cert, key, ca, clientAuth } = absolute;
    const watched = env.keep(JSON.stringify([cert, key, ca, clientAuth]), () => watchCredentials(absolute, env));
    const help = 'When the certificate in use expires, in Unix seconds.';
    const expiry = env.metrics.gauge('cairn_tls_certificate_expiry_timestamp_seconds', help, ['cert']);
    env.offer(CREDENTIALS, () => watched.credentials());
    return {
      load: () => watched.load(),
      status: () => certificateStatus(watched, cert, env.clock),
      ...whileServing(() =>
        env.metrics.show([expiry], () => {
          expiry.cell(cert).value = watched.expiresMs / 1000;
        }),
      ),
    };
  },
});

function parseFiles(directive: Directive): TlsFiles {
  let clientAuth: ClientAuth = 'nocert';
  parseOptions(directive, {
    client_auth: (line) => {
      clientAuth = oneOf(exactArgs(line, 1)[0], CLIENT_AUTH);
    },
    keylog: (line) => refuse(line, 'session keys are never written'),
    acme: (line) => refuse(line, "write 'tls CERT KEY' with files that an ACME client renews: they are followed"),
  });
  const [cert, key, ca] = argsBetween(directive, 2, 3).map(({ text }) => text);
  return { position: directive.position, cert: cert!, key: key!, ca, clientAuth };
}

function refuse({ name, position }: OptionLine, instead: string): never {
  throw new CorefileError(position, `'${name}' is not supported: ${instead}`);
}
