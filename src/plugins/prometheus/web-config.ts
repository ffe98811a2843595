import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { CairnError, messageOf } from '../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readOctets, readText } from '../../base/read-file.ts';
import type { PageTls } from '../../net/pages/http.ts';

/** What the server requires of client certificates, by the words of Prometheus' web configuration. */
const CLIENT_AUTH = {
  NoClientCert: { requestCert: false, rejectUnauthorized: false },
  RequestClientCert: { requestCert: true, rejectUnauthorized: false },
  RequireAndVerifyClientCert: { requestCert: true, rejectUnauthorized: true },
} as const;

const KEYS = ['cert_file', 'key_file', 'client_auth_type', 'client_ca_file'] as const;

/**
 * Reads the `tls_server_config` of a Prometheus web configuration file; paths in it start at the folder of the file.
 *
 * @throws CairnError naming the file, what is wrong in it and what would be right.
 */
export async function loadWebConfig(path: string): Promise<PageTls> {
  try {
    const settings = tlsSettings(parse(await readText(path, MAX_CREDENTIAL_OCTETS)));
    const read = (file: string) => readOctets(resolve(dirname(path), file), MAX_CREDENTIAL_OCTETS);
    return {
      cert: await read(settings.cert_file),
      key: await read(settings.key_file),
      ...(settings.client_ca_file && { ca: await read(settings.client_ca_file) }),
      ...CLIENT_AUTH[settings.client_auth_type],
    };
  } catch (error) {
    throw new CairnError('WEB_CONFIG', `${path}: ${messageOf(error)}`, { cause: error });
  }
}

interface TlsSettings {
  readonly cert_file: string;
  readonly key_file: string;
  readonly client_auth_type: keyof typeof CLIENT_AUTH;
  readonly client_ca_file?: string;
}

function tlsSettings(config: unknown): TlsSettings {
  const top = onlyKeys(config, ['tls_server_config'], 'the file');
  const tls = onlyKeys(top.tls_server_config, KEYS, 'tls_server_config');
  const { client_auth_type = 'NoClientCert' } = tls;
  for (const key of KEYS) {
    if (tls[key] !== undefined && typeof tls[key] !== 'string') throw new Error(`${key} must be a string`);
  }
  if (!tls.cert_file || !tls.key_file) throw new Error('tls_server_config needs cert_file and key_file');
  if (!Object.hasOwn(CLIENT_AUTH, client_auth_type as string)) {
    throw new Error(`client_auth_type must be one of ${Object.keys(CLIENT_AUTH).join(', ')}, not ${client_auth_type}`);
  }
  return { ...tls, client_auth_type } as TlsSettings;
}

function onlyKeys(value: unknown, keys: readonly string[], where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${where} must hold ${keys.join(', ')}`);
  const foreign = Object.keys(value).find((key) => !keys.includes(key));
  if (foreign !== undefined) throw new Error(`'${foreign}' is not supported in ${where}, only ${keys.join(', ')}`);
  return value as Record<string, unknown>;
}
