import { readFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { KubernetesObject } from '../support/api-server/index.ts';
import type { Authority, CertificateFiles } from './certificates.ts';

/** An API server said no. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** An object as the API has it. */
export type ApiObject = KubernetesObject & { readonly metadata: { readonly resourceVersion: string } };

/** Writes to an API server and reads from it, with every right. All throw ApiError, or Error where nobody answers. */
export interface Api {
  get(path: string): Promise<{ readonly [field: string]: unknown }>;
  /** The lines of a watch, until the server ends it. */
  watch(path: string, signal: AbortSignal): AsyncIterable<string>;
  list(path: string): Promise<ApiObject[]>;
  /** @param query such as `dryRun=All`. */
  create(object: KubernetesObject, query?: string): Promise<ApiObject>;
  /** Creates what belongs to an object: its `binding`, or a `token`. */
  createUnder(object: KubernetesObject, part: string, body: object): Promise<{ readonly [field: string]: unknown }>;
  /** Merges fields (RFC 7396) into an object, or into its `status`. */
  patch(object: KubernetesObject, fields: object, part?: 'status'): Promise<ApiObject>;
  /** At once, where `graceSeconds` is 0. False if the object is not there. */
  delete(object: KubernetesObject, graceSeconds?: number): Promise<boolean>;
  /** From now on, the API server's certificate is of this authority. */
  trust(authority: Authority): void;
  close(): void;
}

const PATHS: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  Node: '/api/v1/nodes',
  Pod: '/api/v1/pods',
  Service: '/api/v1/services',
  ConfigMap: '/api/v1/configmaps',
  Deployment: '/apis/apps/v1/deployments',
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ServiceAccount: '/api/v1/serviceaccounts',
  EndpointSlice: '/apis/discovery.k8s.io/v1/endpointslices',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  FlowSchema: '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas',
  Ingress: '/apis/networking.k8s.io/v1/ingresses',
  Gateway: '/apis/gateway.networking.k8s.io/v1/gateways',
  HTTPRoute: '/apis/gateway.networking.k8s.io/v1/httproutes',
  GRPCRoute: '/apis/gateway.networking.k8s.io/v1/grpcroutes',
  TLSRoute: '/apis/gateway.networking.k8s.io/v1/tlsroutes',
  ServiceImport: '/apis/multicluster.x-k8s.io/v1beta1/serviceimports',
  DNSEndpoint: '/apis/externaldns.k8s.io/v1alpha1/dnsendpoints',
  PriorityLevelConfiguration: '/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
};

/** Where an object's kind is listed. */
export function pathOf(kind: string, namespace?: string): string {
  const path = PATHS[kind];
  if (path === undefined) throw new Error(`where the API has ${kind} is not known here`);
  return namespace === undefined ? path : path.replace(/\/(\w+)$/, `/namespaces/${namespace}/$1`);
}

const HEAD_TIMEOUT_MS = 30_000;

/** A client of the API server at `url` that is known by a certificate. */
export function createApi(url: string, authority: Authority, { cert, key }: CertificateFiles): Api {
  const shown = { cert: readFileSync(cert), key: readFileSync(key) };
  const agentFor = ({ pem }: Authority) => new Agent({ keepAlive: true, ca: pem, ...shown });
  let agent = agentFor(authority);

  async function open(method: string, path: string, body?: object, type = 'application/json', signal?: AbortSignal) {
    const sent = httpsRequest(new URL(path, url), {
      method,
      agent,
      headers: { 'content-type': type },
      ...(signal && { signal }),
    });
    const timer = setTimeout(() => sent.destroy(new Error(`${method} ${path}: no answer`)), HEAD_TIMEOUT_MS);
    try {
      const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
        sent.on('response', resolve).on('error', reject);
        sent.end(body && JSON.stringify(body));
      });
      const status = response.statusCode!;
      if (status >= 300) throw new ApiError(status, `${method} ${path}: ${status} ${messageIn(await text(response))}`);
      return response;
    } finally {
      clearTimeout(timer);
    }
  }

  async function send(method: string, path: string, body?: object, type?: string) {
    return JSON.parse(await text(await open(method, path, body, type)));
  }

  // An object of a kind with several versions says which one it is in.
  const folderOf = ({ kind, apiVersion, metadata: { namespace } }: KubernetesObject) =>
    pathOf(kind, namespace).replace(/^\/apis\/[^/]+\/[^/]+/, `/apis/${apiVersion}`);
  const placeOf = (object: KubernetesObject) => `${folderOf(object)}/${object.metadata.name}`;
  return {
    get: (path) => send('GET', path),
    async *watch(path, signal) {
      yield* createInterface({ input: await open('GET', path, undefined, undefined, signal) });
    },
    async list(path) {
      const { items, kind, apiVersion } = await send('GET', path);
      return items.map((item: object) => ({ ...item, apiVersion, kind: kind.replace(/List$/, '') }));
    },
    create: (object, query = '') => send('POST', `${folderOf(object)}?${query}`, object),
    createUnder: (object, part, body) => send('POST', `${placeOf(object)}/${part}`, body),
    patch: (object, fields, part) =>
      send('PATCH', `${placeOf(object)}${part ? `/${part}` : ''}`, fields, 'application/merge-patch+json'),
    async delete(object, graceSeconds) {
      const query = graceSeconds === undefined ? '' : `?gracePeriodSeconds=${graceSeconds}`;
      try {
        await send('DELETE', placeOf(object) + query);
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return false;
        throw error;
      }
    },
    trust(other) {
      agent.destroy();
      agent = agentFor(other);
    },
    close: () => agent.destroy(),
  };
}

function messageIn(body: string): string {
  try {
    return JSON.parse(body).message;
  } catch {
    return body;
  }
}
