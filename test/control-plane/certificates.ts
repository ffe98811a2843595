import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/tools.ts';

/** Files of PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority whose certificates are good for the life of a test. */
export interface Authority extends CertificateFiles {
  /** The certificate as text. */
  readonly pem: string;
  /** Makes a certificate for a subject such as `/O=system:masters/CN=admin`, with alternative names such as `IP:127.0.0.1`. */
  issue(subject: string, names?: readonly string[]): Promise<CertificateFiles>;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/** Makes an authority whose files are in `folder`. */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  let count = 0;
  const make = async (args: readonly string[]): Promise<CertificateFiles> => {
    const path = join(folder, `${name}-${count++}`);
    const files = { cert: `${path}.crt`, key: `${path}.key` };
    const { code, stderr } = await run('openssl', [
      ...['req', '-x509', ...NEW_KEY, '-out', files.cert, '-keyout', files.key],
      ...args,
    ]);
    if (code !== 0) throw new Error(`openssl: ${stderr}`);
    return files;
  };
  const own = await make(['-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign,digitalSignature']);
  const extensions = [
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-addext',
    'extendedKeyUsage=serverAuth,clientAuth',
  ];
  return {
    ...own,
    pem: readFileSync(own.cert, 'utf8'),
    issue: (subject, names = []) =>
      make([
        ...['-CA', own.cert, '-CAkey', own.key, '-subj', subject, ...extensions],
        ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join()}`] : []),
      ]),
  };
}

/** The key that service-account tokens are signed with, as a file of PEM. */
export function createSigningKey(folder: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = join(folder, 'service-account.key');
  writeFileSync(file, privateKey.export({ type: 'sec1', format: 'pem' }));
  return file;
}
