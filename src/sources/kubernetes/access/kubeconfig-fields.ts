import { isAbsolute, join } from 'node:path';

/** The fields of a cluster in a kubeconfig that are read. */
export interface ClusterFields {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
  readonly 'disable-compression'?: boolean;
  readonly extensions?: readonly { readonly name?: string; readonly extension?: unknown }[];
}

/** The fields of a user in a kubeconfig that are read. */
export interface UserFields {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly 'auth-provider'?: { readonly name?: string };
  readonly exec?: ExecFields;
  readonly as?: string;
  readonly 'as-uid'?: string;
  readonly 'as-groups'?: readonly string[];
  readonly 'as-user-extra'?: Readonly<Record<string, readonly string[]>>;
}

export interface ExecFields {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion?: string;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
}

/** A relative path starts in the folder of the kubeconfig. */
export function pathFrom(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** Refuses what kubectl refuses, and what cannot work here. @throws Error that names the field and says what to do */
export function checkCluster(cluster: ClusterFields, node = process.versions.node): void {
  const hasCa = cluster['certificate-authority'] || cluster['certificate-authority-data'];
  if (hasCa && cluster['insecure-skip-tls-verify']) {
    throw new Error('has both a certificate-authority and insecure-skip-tls-verify: remove one of them');
  }
  const proxy = cluster['proxy-url'];
  if (!proxy) return;
  const protocol = URL.canParse(proxy) ? new URL(proxy).protocol : undefined;
  if (protocol === 'http:' || protocol === 'https:') {
    if (knowsProxies(node)) return;
    throw new Error(`proxy-url needs Node.js 22.21 or newer, or 24.5 or newer; this is ${node}`);
  }
  // The rest of it may hold a password.
  const given = protocol === undefined ? 'is not a URL' : `begins with ${protocol}`;
  throw new Error(`proxy-url ${given}: only HTTP proxies work, such as http://proxy.example:3128`);
}

/** Whether the agents of this Node.js have `proxyEnv`; others would leave the proxy out. */
function knowsProxies(node: string): boolean {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

/** @throws Error as {@link checkCluster} */
export function checkUser(user: UserFields): void {
  const hasBearer = user.token || user.tokenFile;
  if (user.username && hasBearer) throw new Error('has both a username and a token: remove one of them');
  if (user.password && !user.username) throw new Error('has a password without a username: add it');
  const hasCertificate = user['client-certificate'] || user['client-certificate-data'];
  const hasKey = user['client-key'] || user['client-key-data'];
  if (hasCertificate && !hasKey) throw new Error('has a client-certificate without a client-key: add it');
  if (hasKey && !hasCertificate) throw new Error('has a client-key without a client-certificate: add it');
  if (!user.as && (user['as-uid'] || user['as-groups']?.length || user['as-user-extra'])) {
    throw new Error('has as-uid, as-groups or as-user-extra without as: add the user to act as');
  }
  checkProvider(user);
  if (user.exec) checkExec(user.exec);
}

function checkProvider({ exec, 'auth-provider': provider }: UserFields): void {
  if (!provider) return;
  if (exec) throw new Error('has both exec and auth-provider: remove one of them');
  if (provider.name === 'oidc') return;
  const instead: Readonly<Record<string, string>> = {
    gcp: 'gke-gcloud-auth-plugin (gcloud container clusters get-credentials)',
    azure: 'kubelogin (kubelogin convert-kubeconfig)',
  };
  const plugin = instead[provider.name ?? ''] ?? 'an exec plugin';
  throw new Error(`auth-provider "${provider.name}" does not work since Kubernetes 1.26: use ${plugin}`);
}

const EXEC_GROUP = 'client.authentication.k8s.io';

function checkExec({ command, apiVersion, interactiveMode, env }: ExecFields): void {
  if (!command) throw new Error('exec has no command: add it');
  if (apiVersion !== `${EXEC_GROUP}/v1` && apiVersion !== `${EXEC_GROUP}/v1beta1`) {
    const given = apiVersion ? `exec.apiVersion is ${apiVersion}` : 'exec has no apiVersion';
    throw new Error(`${given}: it must be ${EXEC_GROUP}/v1 or ${EXEC_GROUP}/v1beta1, the one that the plugin supports`);
  }
  if (env?.some(({ name }) => !name)) throw new Error('exec.env has an entry without a name: add it');
  if (interactiveMode === undefined || interactiveMode === 'Never' || interactiveMode === 'IfAvailable') return;
  if (interactiveMode === 'Always') {
    throw new Error(
      'exec.interactiveMode is Always, but the server has no terminal: use credentials that need no input',
    );
  }
  throw new Error(`exec.interactiveMode is ${interactiveMode}: it must be Never or IfAvailable here`);
}

export function impersonationHeaders(user: UserFields): Record<string, string | readonly string[]> {
  if (!user.as) return {};
  const groups = user['as-groups'] ?? [];
  const extra = Object.entries(user['as-user-extra'] ?? {}).map(([key, values]) => {
    return [`impersonate-extra-${escapeHeaderName(key)}`, values.map(octetsOf)] as const;
  });
  return {
    'impersonate-user': octetsOf(user.as),
    ...(user['as-uid'] && { 'impersonate-uid': octetsOf(user['as-uid']) }),
    ...(groups.length > 0 && { 'impersonate-group': groups.map(octetsOf) }),
    ...Object.fromEntries(extra),
  };
}

/** Octets that a header's name must not have are escaped as in a URL, as the API server expects. */
function escapeHeaderName(key: string): string {
  return Buffer.from(key)
    .toString('latin1')
    .toLowerCase()
    .replace(
      /[^!#$&'*+.^_`|~a-z0-9-]/g,
      (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}

/** The text as UTF-8 in a header, whose characters are octets. */
const octetsOf = (text: string): string => Buffer.from(text).toString('latin1');
