import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../../src/observe/clock.ts';
import type { KubernetesObject } from './objects.ts';
import { type AskedRequest, serve } from './request.ts';
import { ServerState, type Snapshot } from './state.ts';
import { defaults, type Switches } from './switches.ts';
import type { Watch } from './watch.ts';

/** A certificate with its key, as PEM. */
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface ApiServerOptions extends Partial<Switches> {
  readonly objects?: Iterable<KubernetesObject>;
  /** Serves HTTPS. */
  readonly tls?: Certificate;
  /** Takes clients whose certificate this authority signed; only with `tls`. */
  readonly clientCa?: Buffer;
  /** The address to listen on; 127.0.0.1 without it. */
  readonly host?: string;
  /** The port of that address; a free one without it. */
  readonly port?: number;
  /** The version that counting starts from. */
  readonly resourceVersion?: number;
  /** How many changes of each resource are remembered: a watch from further back is told 410 Gone. */
  readonly maxHistory?: number;
  readonly clock?: Clock;
}

/**
 * What stands in for a Kubernetes API server: lists and watches of what a DNS server needs, as JSON. It takes every object as it is, also those that a
 * real server refuses, such as a Service with an address that is malformed: a DNS server must cope with them, but no cluster has them.
 */
export interface ApiServer {
  /** `http://HOST:PORT`, or `https:`. */
  readonly url: string;
  readonly port: number;
  /** The certificate that clients must trust, as PEM; empty without TLS. */
  readonly ca: string;
  readonly resourceVersion: number;
  /** The last 10,000 requests, the oldest first. */
  readonly requests: readonly AskedRequest[];
  /** Those that are open, the oldest first. */
  readonly watches: readonly Watch[];
  /** Creates or replaces an object; watches are told. */
  put(object: KubernetesObject): void;
  /** Deletes an object if there is one; watches are told. A namespace has the namespace ''. */
  remove(kind: string, namespace: string, name: string): void;
  /** Makes the cluster hold exactly these objects; what is like that already does not change. */
  replace(objects: Iterable<KubernetesObject>): void;
  /** Sets some switches and leaves the others. */
  set(switches: Partial<Switches>): Promise<void>;
  /** Serves another certificate from the next connection on. */
  setCertificate(certificate: Certificate): void;
  /** What there is now, for {@link restore}. */
  snapshot(): Snapshot;
  /** Goes back to a snapshot, as where etcd is restored from one; watches are closed. */
  restore(snapshot: Snapshot): void;
  /** Forgets all history, as etcd does when it is compacted: pages and watches from before are told 410 Gone. */
  compact(): void;
  close(): Promise<void>;
}

/** Starts it on 127.0.0.1, or where the options say. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { objects = [], tls, clientCa, maxHistory = 1000, clock = systemClock, host = '127.0.0.1' } = options;
  const state = new ServerState(options.resourceVersion ?? 1, maxHistory, clock, switchesOf(options));
  for (const object of objects) state.put(object);

  const handle = (request: IncomingMessage, response: ServerResponse) => serve(request, response, state);
  const clients = clientCa && { requestCert: true, rejectUnauthorized: false, ca: clientCa };
  const server = tls ? createHttps({ ...tls, ...clients }, handle) : createHttp(handle);
  const listen = async (port: number) => {
    server.listen(port, host);
    await once(server, 'listening');
  };
  const hangUp = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  let certificate = tls;
  return {
    url: `http${tls ? 's' : ''}://${host}:${port}`,
    port,
    get ca() {
      return certificate?.cert.toString() ?? '';
    },
    get resourceVersion() {
      return state.version;
    },
    requests: state.requests,
    get watches() {
      return [...state.watches];
    },
    put: (object) => state.put(object),
    remove: (kind, namespace, name) => state.remove(kind, namespace, name),
    replace: (wanted) => state.replace(wanted),
    async set(switches) {
      state.set(switches);
      if (state.switches.refuse && server.listening) await hangUp();
      else if (!state.switches.refuse && !server.listening) await listen(port);
    },
    setCertificate(next) {
      if (!('setSecureContext' in server)) throw new Error('there is no certificate to replace: it serves HTTP');
      certificate = next;
      server.setSecureContext({ ...next, ...clients });
    },
    snapshot: () => state.snapshot(),
    restore: (snapshot) => state.restore(snapshot),
    compact: () => state.compact(),
    async close() {
      if (server.listening) await hangUp();
    },
  };
}

function switchesOf(options: Partial<Switches>): Switches {
  const given = Object.entries(options).filter(([name]) => Object.hasOwn(defaults, name));
  return { ...defaults, ...Object.fromEntries(given) };
}
