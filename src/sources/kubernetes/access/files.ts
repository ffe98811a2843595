import { messageOf } from '../../../base/errors.ts';
import { MAX_CREDENTIAL_OCTETS, readText } from '../../../base/read-file.ts';
import type { Clock } from '../../../observe/clock.ts';
import { AccessError, type Credentials, PACKED, rereadEachMinute, type TlsFiles } from './access.ts';

/** Where Kubernetes mounts the service account of a pod. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The API server's address, which Kubernetes gives to every pod; undefined outside of a cluster. */
export function inClusterUrl(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The service account's token and CA, which the kubelet rotates. @throws AccessError if this process is not in a pod. */
export function inClusterCredentials(clock: Clock, { env = process.env, folder = SERVICE_ACCOUNT } = {}): Credentials {
  const url = inClusterUrl(env);
  if (url === undefined) {
    throw new AccessError(
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this process does not run in a pod',
    );
  }
  return rereadEachMinute(clock, async () => {
    // Read one after the other, so that a missing folder always gives the same error.
    const token = await read(`${folder}/token`, 'token');
    const ca = await read(`${folder}/ca.crt`, 'CA');
    return { url, tls: { ca }, headers: { authorization: `Bearer ${token.trim()}` } };
  });

  async function read(path: string, what: string): Promise<string> {
    const fix = "set automountServiceAccountToken to true in this server's pod";
    return readCredential(path, `the service account's ${what}`, fix);
  }
}

/** An address given by the operator, with TLS files that may rotate. */
export function endpointCredentials(url: string, files: TlsFiles | undefined, clock: Clock): Credentials {
  return rereadEachMinute(clock, async () => {
    const read = (path: string | undefined, what: string) =>
      path ? readCredential(path, what, "correct the 'tls' line") : undefined;
    const [cert, key, ca] = await Promise.all([
      read(files?.cert, 'the client certificate'),
      read(files?.key, 'the key of the client certificate'),
      read(files?.ca, "the API server's CA"),
    ]);
    return { url, tls: { ...(cert && { cert }), ...(key && { key }), ...(ca && { ca }) }, headers: PACKED };
  });
}

async function readCredential(path: string, what: string, fix: string): Promise<string> {
  try {
    return await readText(path, MAX_CREDENTIAL_OCTETS);
  } catch (thrown) {
    throw new AccessError(`${what} cannot be read: ${messageOf(thrown)}: ${fix}`, thrown);
  }
}
