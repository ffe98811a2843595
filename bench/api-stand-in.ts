import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from './cluster-objects.ts';

/** What stands in for a Kubernetes API server: lists and watches of the objects a DNS server needs, as JSON over HTTP. */
export interface ApiStandIn {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Creates the object or replaces the one of this kind, namespace and name; watches are told. */
  apply(object: KubernetesObject): void;
  /** Deletes the object of this kind, namespace and name; watches are told. */
  remove(object: KubernetesObject): void;
  close(): Promise<void>;
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubernetesObject;
}

/** The objects of one kind. */
class Collection {
  readonly kind: string;
  readonly apiVersion: string;
  readonly objects = new Map<string, KubernetesObject>();
  /** Every change since the start, with its resource version: a watch may begin anywhere. */
  readonly history: { readonly version: number; readonly event: WatchEvent }[] = [];
  readonly watches = new Set<(event: WatchEvent) => void>();

  constructor(kind: string, apiVersion: string) {
    this.kind = kind;
    this.apiVersion = apiVersion;
  }

  record(version: number, event: WatchEvent): void {
    this.history.push({ version, event });
    for (const send of this.watches) send(event);
  }
}

/** Starts it with these objects on a free port of 127.0.0.1. */
export async function startApiStandIn(objects: Iterable<KubernetesObject> = []): Promise<ApiStandIn> {
  const collections = new Map([
    ['/api/v1/services', new Collection('Service', 'v1')],
    ['/api/v1/namespaces', new Collection('Namespace', 'v1')],
    ['/api/v1/pods', new Collection('Pod', 'v1')],
    ['/apis/discovery.k8s.io/v1/endpointslices', new Collection('EndpointSlice', 'discovery.k8s.io/v1')],
  ]);
  const byKind = new Map([...collections.values()].map((collection) => [collection.kind, collection]));
  let version = 0;

  const collectionOf = ({ kind }: KubernetesObject): Collection => {
    const collection = byKind.get(kind);
    if (collection === undefined) throw new Error(`no such kind here: ${kind}; there are ${[...byKind.keys()]}`);
    return collection;
  };
  const apply = (object: KubernetesObject) => {
    const collection = collectionOf(object);
    const type = collection.objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    const stored = withVersion(object, ++version);
    collection.objects.set(keyOf(object), stored);
    collection.record(version, { type, object: stored });
  };
  const remove = (object: KubernetesObject) => {
    const collection = collectionOf(object);
    const stored = collection.objects.get(keyOf(object));
    if (stored === undefined) return;
    collection.objects.delete(keyOf(object));
    collection.record(++version, { type: 'DELETED', object: withVersion(stored, version) });
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://127.0.0.1');
    const collection = collections.get(url.pathname);
    if (collection === undefined || request.method !== 'GET') refuse(request, response);
    else if (url.searchParams.get('watch') === 'true') watch(collection, url.searchParams, version, response);
    else sendJson(response, 200, listOf(collection, version));
  });
  for (const object of objects) apply(object);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apply,
    remove,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function keyOf({ metadata: { namespace = '', name } }: KubernetesObject): string {
  return `${namespace}/${name}`;
}

function withVersion(object: KubernetesObject, version: number): KubernetesObject {
  const { name, namespace = '' } = object.metadata;
  const uid = `${object.kind}/${namespace}/${name}`;
  return {
    ...object,
    metadata: { uid, ...object.metadata, resourceVersion: String(version) } as typeof object.metadata,
  };
}

function listOf({ kind, apiVersion, objects }: Collection, version: number): object {
  return {
    kind: `${kind}List`,
    apiVersion,
    metadata: { resourceVersion: String(version) },
    items: [...objects.values()],
  };
}

/** Sends what happened since `resourceVersion`, or all there is where none or 0 is given, and then what happens. */
function watch(collection: Collection, options: URLSearchParams, version: number, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const send = (event: WatchEvent) => response.write(`${JSON.stringify(event)}\n`);
  const since = Number(options.get('resourceVersion') ?? 0);
  const initialEvents = options.get('sendInitialEvents') === 'true';
  if (initialEvents || since === 0) for (const object of collection.objects.values()) send({ type: 'ADDED', object });
  else for (const { version, event } of collection.history) if (version > since) send(event);
  if (initialEvents) send(endOfInitialEvents(collection, version));
  response.flushHeaders();

  collection.watches.add(send);
  const seconds = Number(options.get('timeoutSeconds') ?? 0);
  const timer = seconds > 0 ? setTimeout(() => response.end(), seconds * 1000).unref() : undefined;
  response.on('close', () => {
    collection.watches.delete(send);
    clearTimeout(timer);
  });
}

function endOfInitialEvents({ kind, apiVersion }: Collection, version: number): WatchEvent {
  const metadata = { name: '', resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } };
  return { type: 'BOOKMARK', object: { kind, apiVersion, metadata } };
}

function refuse({ method, url }: IncomingMessage, response: ServerResponse): void {
  const message = `the stand-in does not serve ${method} ${url}`;
  sendJson(response, 404, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'NotFound',
    message,
    code: 404,
  });
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
