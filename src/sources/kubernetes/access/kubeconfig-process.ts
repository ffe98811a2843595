/**
 * Reads one context of a kubeconfig file, and runs its exec plugin or refreshes its OIDC token, in a separate process: the library takes 85 MB, which
 * the server rarely needs. The arguments are the file and the context. The process sends a {@link Resolved} to its parent, or prints the error on
 * standard error.
 */
import { dirname } from 'node:path';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { MAX_CREDENTIAL_OCTETS, readOctets, readText } from '../../../base/read-file.ts';
import type { TlsAccess } from './access.ts';
import { type ExecCredential, runExecPlugin } from './exec-plugin.ts';
import type { Resolved } from './kubeconfig.ts';
import {
  type ClusterFields,
  checkCluster,
  checkUser,
  impersonationHeaders,
  pathFrom,
  type UserFields,
} from './kubeconfig-fields.ts';

type HttpsOptions = Parameters<KubeConfig['applyToHTTPSOptions']>[0];

const [file = '', context = ''] = process.argv.slice(2);
try {
  process.send!(await resolve(file, context));
  process.disconnect();
} catch (thrown) {
  // Ends at once: Node.js would wait for the time limit of a plugin that could not be started.
  process.stderr.write(thrown instanceof Error ? thrown.message : String(thrown), () => process.exit(1));
}

async function resolve(file: string, context: string): Promise<Resolved> {
  const text = await readText(file, MAX_CREDENTIAL_OCTETS);
  const config = new KubeConfig();
  config.loadFromString(text);
  const { cluster, user } = chosen(config, context);
  const raw = parse(text) as RawConfig;
  const clusterFields = raw.clusters.find(({ name }) => name === cluster.name)!.cluster;
  const userFields = raw.users.find(({ name }) => name === user.name)!.user ?? {};
  named(`cluster "${cluster.name}"`, () => checkCluster(clusterFields));
  named(`user "${user.name}"`, () => checkUser(userFields));

  const folder = dirname(file);
  const { exec, token, tokenFile, 'client-certificate': certFile, 'client-key': keyFile } = userFields;
  // As in kubectl, the plugin is not run if there is a token.
  const credential = exec && !token && !tokenFile ? await runExecPlugin(exec, clusterFields, folder) : undefined;
  const options = await applied(config, cluster, user, folder);
  const authorization = authorizationOf(userFields, options, credential);
  if (userFields['auth-provider'] && !authorization) {
    const wanted = 'it needs id-token and, to refresh it, client-id, refresh-token and idp-issuer-url';
    throw new Error(`user "${user.name}": auth-provider "oidc" gives no valid token: ${wanted}`);
  }
  return {
    access: {
      url: cluster.server,
      tls: tlsOf(options, credential),
      headers: {
        ...(clusterFields['disable-compression'] && { 'accept-encoding': 'identity' }),
        ...(authorization && { authorization }),
        ...impersonationHeaders(userFields),
      },
      ...(cluster.proxyUrl && { proxy: cluster.proxyUrl }),
    },
    files: [cluster.caFile, certFile, keyFile].filter((path) => path != null).map((path) => pathFrom(folder, path)),
    tokenFile: tokenFile ? pathFrom(folder, tokenFile) : null,
    expiresAtMs: timeOf(credential?.expirationTimestamp) ?? tokenExpiry(authorization) ?? null,
  };
}

/** A kubeconfig as written, since the library leaves out some fields. */
interface RawConfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: ClusterFields }[];
  readonly users: readonly { readonly name: string; readonly user: UserFields | null }[];
}

function chosen(config: KubeConfig, context: string): { readonly cluster: Cluster; readonly user: User } {
  const names = config.getContexts().map(({ name }) => name);
  if (context !== '') config.setCurrentContext(context);
  const current = config.getCurrentContext();
  if (!names.includes(current)) {
    const wanted = current ? `has no context "${current}"` : 'has no current-context';
    throw new Error(`${wanted}: it has ${names.join(', ') || 'none'}`);
  }
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (!cluster) throw new Error(`has no cluster for the context "${current}"`);
  if (!user) throw new Error(`has no user for the context "${current}"`);
  return { cluster, user };
}

function named(what: string, check: () => void): void {
  try {
    check();
  } catch (thrown) {
    throw new Error(`${what} ${(thrown as Error).message}`);
  }
}

/**
 * The library's result for certificates, token and OIDC provider. As in kubectl, data takes precedence over a file. Exec plugins are run elsewhere.
 */
async function applied(config: KubeConfig, cluster: Cluster, user: User, folder: string): Promise<HttpsOptions> {
  const fileOf = (data: string | undefined, path: string | undefined) =>
    !data && path ? { file: pathFrom(folder, path) } : {};
  const { file: caFile } = fileOf(cluster.caData, cluster.caFile);
  const { file: certFile } = fileOf(user.certData, user.certFile);
  const { file: keyFile } = fileOf(user.keyData, user.keyFile);
  // The library reads files without a limit.
  for (const file of [caFile, certFile, keyFile]) if (file !== undefined) await readOctets(file, MAX_CREDENTIAL_OCTETS);
  config.loadFromOptions({
    ...{ contexts: config.getContexts(), currentContext: config.getCurrentContext() },
    // The library also makes an agent, which is not used. Without these two changes it would refuse some clusters.
    clusters: [{ ...cluster, caFile, proxyUrl: undefined, skipTLSVerify: cluster.skipTLSVerify || isPlain(cluster) }],
    users: [{ ...user, exec: undefined, certFile, keyFile }],
  });
  const options: HttpsOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}

function isPlain({ server }: Cluster): boolean {
  return server.startsWith('http:');
}

function authorizationOf(
  user: UserFields,
  { headers }: HttpsOptions,
  credential: ExecCredential | undefined,
): string | undefined {
  if (credential?.token) return `Bearer ${credential.token}`;
  if (user.username) return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
  return (headers as Record<string, string> | undefined)?.Authorization;
}

function tlsOf(
  { ca, cert, key, servername, rejectUnauthorized }: HttpsOptions,
  credential: ExecCredential | undefined,
): TlsAccess {
  const { clientCertificateData = cert && String(cert), clientKeyData = key && String(key) } = credential ?? {};
  return {
    ...(ca && { ca: String(ca) }),
    ...(clientCertificateData && { cert: clientCertificateData }),
    ...(clientKeyData && { key: clientKeyData }),
    ...(servername && { servername }),
    ...(rejectUnauthorized === false && { rejectUnauthorized }),
  };
}

/** The `exp` claim (RFC 7519 §4.1.4) of a bearer token that is a JWT. */
function tokenExpiry(authorization: string | undefined): number | undefined {
  const [, claims] = /^Bearer [\w-]+\.([\w-]+)\.[\w-]*$/.exec(authorization ?? '') ?? [];
  if (claims === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
