/**
 * Reads one context of a kubeconfig file and runs its exec plugin or refreshes its OIDC token, in a process of its own: the library
 * takes 85 MB, which a server that asks once in a while must not carry along. Its arguments are the file and the context;
 * it sends a {@link Resolved} to its parent, or says on standard error what is wrong.
 */
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { User } from '@kubernetes/client-node/dist/config_types.js';
import { type Credential, ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { MAX_CREDENTIAL_OCTETS, readOctets } from '../../../read-file.ts';
import type { Resolved } from './kubeconfig.ts';

type HttpsOptions = Parameters<KubeConfig['applyToHTTPSOptions']>[0];

const [file = '', context = ''] = process.argv.slice(2);
try {
  process.send!(await resolve(file, context));
  process.disconnect();
} catch (thrown) {
  process.stderr.write(thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
  process.disconnect();
}

async function resolve(file: string, context: string): Promise<Resolved> {
  const config = new KubeConfig();
  // The library reads without bounds.
  await readOctets(file, MAX_CREDENTIAL_OCTETS);
  config.loadFromFile(file);
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

  const files = [cluster.caFile, user.certFile, user.keyFile].filter((path) => path != null);
  for (const path of files) await readOctets(path, MAX_CREDENTIAL_OCTETS);
  const options: HttpsOptions = {};
  await insideOf(config).applyOptions(options);
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  if (user.username) {
    headers.authorization ??= `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
  }
  const { ca, cert, key } = options;
  return {
    access: {
      url: cluster.server,
      tls: {
        ...(ca && { ca: String(ca) }),
        ...(cert && { cert: String(cert) }),
        ...(key && { key: String(key) }),
        ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
        ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
      },
      headers,
      ...(cluster.proxyUrl && { proxy: cluster.proxyUrl }),
    },
    files,
    expiresAtMs: (await execExpiry(config)) ?? tokenExpiry(headers.authorization) ?? null,
  };
}

/** What the library does not show: its public ways make an agent, and tell nothing of when credentials end. */
interface Inside {
  applyOptions(options: HttpsOptions): Promise<void>;
  readonly authenticators: readonly { isAuthProvider(user: User): boolean }[];
}

function insideOf(config: KubeConfig): Inside {
  return config as unknown as Inside;
}

/** When what an exec plugin gave ends; its second answer comes out of the library's memory. */
async function execExpiry(config: KubeConfig): Promise<number | undefined> {
  const user = config.getCurrentUser()!;
  const exec = insideOf(config).authenticators.find((each) => each instanceof ExecAuth);
  if (!exec?.isAuthProvider(user)) return undefined;
  const { getCredential } = exec as unknown as { getCredential: (of: User) => Promise<Credential | null> };
  const credential = await getCredential.call(exec, user);
  return timeOf(credential?.status.expirationTimestamp);
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
