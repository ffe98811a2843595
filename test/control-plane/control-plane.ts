import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { folderOf, type Stops } from '../interop/pod/folder.ts';
import { apiService } from '../support/api-objects.ts';
import { newAddress } from './address.ts';
import { type Api, createApi } from './api.ts';
import { AUDIT_POLICY } from './audit.ts';
import type { Binaries } from './binaries.ts';
import { type Authority, type CertificateFiles, createAuthority, createSigningKey } from './certificates.ts';
import { Program } from './program.ts';

/** etcd, an API server and a controller manager, at an address of their own. */
export interface ControlPlane {
  readonly address: string;
  /** Of the API server. */
  readonly url: string;
  /** With every right, as the certificate `admin` gives it. */
  readonly api: Api;
  readonly admin: CertificateFiles;
  /** Of the API server's certificate. */
  readonly authority: Authority;
  readonly etcd: Etcd;
  readonly apiServer: ApiServerProgram;
  readonly controllerManager: Program;
  /** What service-account tokens are signed with. */
  readonly signingKey: string;
  readonly auditLog: string;
  readonly stops: Stops;
  stop(): Promise<void>;
}

export const API_PORT = 6443;
export const SERVICE_NETWORKS = ['10.0.0.0/16', 'fd00:0:0:1::/112'];
export const ISSUER = 'https://kubernetes.default.svc';
const ETCD_PORT = 2379;

/** So few, that services of tests have several slices. */
const ENDPOINTS_PER_SLICE = 5;
const CONTROLLERS = [
  ...[
    'endpointslice-controller',
    'endpointslice-mirroring-controller',
    'namespace-controller',
    'garbage-collector-controller',
  ],
  ...['serviceaccount-controller', 'root-ca-certificate-publisher-controller', 'deployment-controller'],
  'replicaset-controller',
];

/** Starts a control plane and waits until it takes writes. @param flags of the API server, beside its own. */
export async function startControlPlane(binaries: Binaries, flags: readonly string[] = []): Promise<ControlPlane> {
  const stops: Stops = [];
  const stop = async () => {
    for (const one of stops.splice(0).toReversed()) await one();
  };
  try {
    return { ...(await start(binaries, flags, stops)), stops, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(binaries: Binaries, flags: readonly string[], stops: Stops) {
  const address = newAddress();
  const folder = folderOf({ 'audit.yaml': stringify(AUDIT_POLICY) }, stops);
  const authority = await createAuthority(folder, 'kubernetes-ca');
  const signingKey = createSigningKey(folder);
  const etcd = new Etcd(binaries.etcd, address, folder);
  stops.push(() => etcd.stop());
  await etcd.start();

  const url = `https://${address}:${API_PORT}`;
  const admin = await authority.issue('/O=system:masters/CN=admin');
  const api = createApi(url, authority, admin);
  stops.push(() => api.close());
  const auditLog = join(folder, 'audit.log');
  const apiServer = new ApiServerProgram(binaries.apiServer, { address, folder, authority, signingKey, auditLog, api });
  stops.push(() => apiServer.stop());
  await apiServer.start(flags);

  const manager = await authority.issue('/CN=system:kube-controller-manager');
  const kubeconfig = folderOf({ kubeconfig: kubeconfigOf(url, authority.cert, certificateUser(manager)) }, stops);
  const controllerManager = new Program(binaries.controllerManager, [
    ...[`--kubeconfig=${kubeconfig}/kubeconfig`, `--controllers=${CONTROLLERS}`, '--use-service-account-credentials'],
    ...[`--bind-address=${address}`, `--cert-dir=${folder}`, '--leader-elect=false'],
    ...[`--root-ca-file=${authority.cert}`, `--service-account-private-key-file=${signingKey}`],
    ...[`--max-endpoints-per-slice=${ENDPOINTS_PER_SLICE}`, '--kube-api-qps=500', '--kube-api-burst=1000'],
  ]);
  stops.push(() => controllerManager.stop());
  controllerManager.start();
  // It gives each namespace an account.
  await controllerManager.ready(async () => (await api.list('/api/v1/namespaces/default/serviceaccounts')).length > 0);
  return { address, url, api, admin, authority, etcd, apiServer, controllerManager, signingKey, auditLog };
}

/** The user of a kubeconfig that shows a certificate. */
export function certificateUser({ cert, key }: CertificateFiles): object {
  return { 'client-certificate': cert, 'client-key': key };
}

/** A kubeconfig with one context, `test`, whose user has these fields. */
export function kubeconfigOf(server: string, ca: string, user: object): string {
  return stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': ca } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  });
}

/** The store of a control plane. Its data may be copied, and put back. */
export class Etcd {
  readonly url: string;
  readonly program: Program;
  private readonly data: string;

  constructor(path: string, address: string, folder: string) {
    this.url = `http://${address}:${ETCD_PORT}`;
    this.data = join(folder, 'etcd');
    const peer = `http://${address}:${ETCD_PORT + 1}`;
    this.program = new Program(path, [
      ...[`--data-dir=${this.data}`, `--listen-client-urls=${this.url}`, `--advertise-client-urls=${this.url}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=default=${peer}`],
      // What is lost with the machine is no loss.
      '--unsafe-no-fsync',
    ]);
  }

  async start(): Promise<void> {
    this.program.start();
    await this.program.ready(async () => (await fetch(`${this.url}/health`)).ok);
  }

  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.program.stop(signal);
  }

  /** Keeps a copy of the data, while it stands still. */
  async copy(): Promise<void> {
    await this.stop('SIGTERM');
    cpSync(this.data, `${this.data}.copy`, { recursive: true });
    await this.start();
  }

  /** Puts the copy in the place of the data: all that was written since is gone, and revisions run back. */
  async restore(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true });
    cpSync(`${this.data}.copy`, this.data, { recursive: true });
    await this.start();
  }

  /** Forgets all that is older than now: watches that want it get 410. */
  async compact(): Promise<void> {
    const ask = async (path: string, body: object) => {
      const response = await fetch(`${this.url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`etcd: ${path}: ${await response.text()}`);
      return response.json() as Promise<{ header: { revision: string } }>;
    };
    const { header } = await ask('range', { key: 'AA==' });
    await ask('compaction', { revision: header.revision, physical: true });
  }
}

interface ApiServerSetup {
  readonly address: string;
  readonly folder: string;
  readonly authority: Authority;
  readonly signingKey: string;
  readonly auditLog: string;
  readonly api: Api;
}

/** The API server, which may be started with other flags. */
export class ApiServerProgram {
  readonly program: Program;
  private readonly setup: ApiServerSetup;

  constructor(path: string, setup: ApiServerSetup) {
    this.setup = setup;
    this.program = new Program(path, []);
  }

  /** @param certificate by its own authority, unless another one is given. */
  async start(flags: readonly string[] = [], certificate?: CertificateFiles): Promise<void> {
    const { cert, key } = certificate ?? (await this.certificateBy(this.setup.authority));
    this.program.start([...this.flags(), `--tls-cert-file=${cert}`, `--tls-private-key-file=${key}`, ...flags]);
    // Another authority is not the one that the client knows.
    if (certificate === undefined) await this.ready();
  }

  /** Waits until it gives away rights and addresses. */
  async ready(): Promise<void> {
    const { api } = this.setup;
    const service = apiService('default/probe', '10.0.255.254');
    await this.program.ready(async () => (await api.create(service, 'dryRun=All')) !== undefined);
  }

  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.program.stop(signal);
  }

  async restart(flags?: readonly string[]): Promise<void> {
    await this.stop('SIGTERM');
    await this.start(flags);
  }

  certificateBy(authority: Authority): Promise<CertificateFiles> {
    return authority.issue('/CN=kube-apiserver', [`IP:${this.setup.address}`, 'DNS:kubernetes.default.svc']);
  }

  private flags(): string[] {
    const { address, folder, authority, signingKey, auditLog } = this.setup;
    return [
      ...[`--etcd-servers=http://${address}:${ETCD_PORT}`, `--bind-address=${address}`, `--secure-port=${API_PORT}`],
      // What the service `kubernetes` leads to; nobody goes there.
      '--advertise-address=192.0.2.1',
      ...[`--service-cluster-ip-range=${SERVICE_NETWORKS}`, '--authorization-mode=RBAC'],
      ...[`--client-ca-file=${authority.cert}`, `--service-account-issuer=${ISSUER}`],
      ...[`--service-account-key-file=${signingKey}`, `--service-account-signing-key-file=${signingKey}`],
      // Pods need no token here, and so no account before they can be made.
      '--disable-admission-plugins=ServiceAccount',
      // Without it, a server that ends waits a minute for its watches.
      '--shutdown-watch-termination-grace-period=5s',
      ...[`--audit-policy-file=${folder}/audit.yaml`, `--audit-log-path=${auditLog}`],
    ];
  }
}
