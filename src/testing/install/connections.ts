import http from 'node:http';
import https from 'node:https';
import { Socket } from 'node:net';
import type { Peer } from '../../net/transport.ts';
import type { Outside } from './outside.ts';
import type { Replacements } from './replacements.ts';
import { printPeer, type TcpRoute } from './route.ts';
import { type ConnectRequest, ECONNREFUSED, handleOf, type TcpHandle, tcpClass } from './tcp-handle.ts';

/** How many refused addresses are remembered, for the errors of connections to them. */
const MAX_REASONS = 256;

/** The program's TCP connections. */
export interface Connections {
  /** Ends those to endpoints that are not there any more, as the end of a pod does. */
  endGone(isThere: (endpoint: string) => boolean): void;
  /**
   * Ends those that left this machine or would have, and those whose name is still looked up: a pool that keeps them would use them in the next test, and
   * later they would connect to addresses of the cluster.
   */
  destroy(): Promise<void>;
}

type TcpRoutes = (address: string, port: number) => TcpRoute;

interface Surroundings {
  readonly routes: TcpRoutes;
  readonly outside: Outside;
  /** The pod's own addresses, where its programs may listen and connect from. */
  readonly own: readonly string[];
}

/** Sends all TCP connections of this process where the routes say. */
export function installConnections({ replace }: Replacements, { routes, outside, own }: Surroundings): Connections {
  const { prototype } = tcpClass();
  const { connect, connect6 } = prototype;
  const sockets = new Set<Socket>();
  /** The handles of connections that stay on this machine, as they would without this. */
  const staying = new WeakSet<TcpHandle>();
  /** The addresses of the endpoints that connections go to. */
  const endpoints = new WeakMap<TcpHandle, string>();
  const reasons = createReasons();
  forgetIdle();

  const redirect = (before: typeof connect) =>
    function (this: TcpHandle, request: ConnectRequest, address: string, port: number): number {
      const route = routes(address, port);
      if (route.kind === 'own') staying.add(this);
      if (route.kind === 'own' || route.kind === 'pass') return before.call(this, request, address, port);
      if (route.kind === 'to') {
        claimPeer(this, { address, port });
        const { peer, endpoint } = route;
        if (endpoint !== undefined) endpoints.set(this, endpoint);
        return (peer.address.includes(':') ? connect6 : connect).call(this, request, peer.address, peer.port);
      }
      if (route.isOutside) outside.note(printPeer({ address, port }));
      reasons.add(address, port, route.why);
      // As with the system, the refusal comes later; a promise is not one of the timers that a test may have replaced.
      void Promise.resolve().then(() => request.oncomplete(ECONNREFUSED, this, request, false, false));
      return 0;
    };

  replace(prototype, 'connect', redirect);
  replace(prototype, 'connect6', redirect);
  // This machine does not have the addresses of the pod.
  replace(prototype, 'bind', (before) => {
    return function (this: TcpHandle, address, ...rest) {
      return before.call(this, own.includes(address) ? '127.0.0.1' : address, ...rest);
    };
  });
  replace(prototype, 'bind6', (before) => {
    return function (this: TcpHandle, address, ...rest) {
      return before.call(this, own.includes(address) ? '::1' : address, ...rest);
    };
  });
  replace(Socket.prototype, 'connect', (before) => {
    return function (this: Socket, ...args: unknown[]) {
      if (!sockets.has(this)) this.once('close', () => sockets.delete(this));
      sockets.add(this);
      return Reflect.apply(before, this, args);
    } as typeof before;
  });
  replace(Socket.prototype, 'destroy', (before) => {
    return function (this: Socket, error?: Error, ...rest: unknown[]) {
      if (error) reasons.explain(error);
      return Reflect.apply(before, this, [error, ...rest]);
    } as typeof before;
  });

  return {
    endGone(isThere) {
      for (const socket of sockets) {
        const handle = handleOf(socket);
        const endpoint = handle && endpoints.get(handle);
        if (endpoint === undefined || socket.connecting || isThere(endpoint)) continue;
        // What Node.js does when the peer ends a connection.
        socket.push(null);
        socket.read(0);
      }
    },
    async destroy() {
      const ours = [...sockets].filter((socket) => {
        const handle = handleOf(socket);
        return handle instanceof tcpClass() && !staying.has(handle);
      });
      // Libraries such as nock give two sockets one handle; then only one of them closes.
      const sharing = [...Map.groupBy(ours, handleOf).values()];
      await Promise.all(sharing.map((all) => Promise.race(all.map(destroyed))));
    },
  };
}

function destroyed(socket: Socket): Promise<void> {
  return new Promise((closed) => socket.once('close', () => closed()).destroy());
}

/** Node's own agents keep connections from before, under names that may mean something else now. */
function forgetIdle(): void {
  const agents = [http.globalAgent, https.globalAgent];
  for (const socket of agents.flatMap((agent) => Object.values(agent.freeSockets).flat())) socket?.destroy();
}

/** The program sees the address that it connected to. */
function claimPeer(handle: TcpHandle, { address, port }: Peer): void {
  const family = address.includes(':') ? 'IPv6' : 'IPv4';
  handle.getpeername = (out) => {
    Object.assign(out, { address, port, family });
    return 0;
  };
}

interface Refusal extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
}

/** Why addresses refused connections. Node.js makes the errors; this adds the reasons. */
function createReasons() {
  const reasons = new Map<string, string>();
  const explainOne = (error: Refusal): boolean => {
    if (error.code !== 'ECONNREFUSED' || error.syscall !== 'connect') return false;
    const why = reasons.get(printPeer({ address: error.address!, port: error.port! }));
    if (why === undefined || error.message.includes(why)) return false;
    restate(error, `${error.message}: ${why}`);
    return true;
  };
  return {
    add(address: string, port: number, why: string) {
      reasons.set(printPeer({ address, port }), why);
      if (reasons.size > MAX_REASONS) reasons.delete(reasons.keys().next().value!);
    },
    /** Node.js gives an error of several addresses no message. */
    explain(error: Error): void {
      // By its form: in Jest, Node's own errors are of another realm.
      const { errors } = error as Partial<AggregateError>;
      if (!Array.isArray(errors)) explainOne(error);
      else if (errors.map(explainOne).includes(true)) restate(error, errors.map(({ message }) => message).join('; '));
    },
  };
}

/** The stack begins with the message. */
function restate(error: Error, message: string): void {
  const stack = error.stack?.replace(error.message, () => message);
  error.message = message;
  if (stack !== undefined) error.stack = stack;
}
