import { Socket, type SocketType } from 'node:dgram';
import type { Peer } from '../../net/transport.ts';
import { outsidePromises } from '../../resolver/outside-promises.ts';
import type { Outside } from './outside.ts';
import type { Replacements } from './replacements.ts';
import { OWN, printPeer, type Route } from './route.ts';
import { ECONNREFUSED } from './tcp-handle.ts';
import { type Remote, type SendRequest, type UdpHandle, udpHandleOf } from './udp-handle.ts';

/** How many targets of a socket are remembered. */
const MAX_FLOWS = 256;

/** Where datagrams go. */
export interface DatagramRoutes {
  of(address: string, port: number): Route;
  /** Changes whenever routes may. */
  version(): number;
  /** The response of the pod's DNS server at an address; undefined if none comes. */
  answer(query: Uint8Array, server: Peer): Promise<Uint8Array | undefined>;
}

/** Sends the datagrams of this process where the routes say. A socket is seen when the program sends or connects with it. */
export function installDatagrams(replacements: Replacements, routes: DatagramRoutes, outside: Outside): void {
  const seen = new WeakSet<UdpHandle>();
  const see = (socket: Socket) => {
    const handle = udpHandleOf(socket);
    if (!handle || seen.has(handle)) return;
    seen.add(handle);
    socket.once('close', () => replacements.forget(handle));
    redirect(socket, handle, { replacements, routes, outside });
  };
  for (const name of ['send', 'connect', 'connectSync'] as ('send' | 'connect')[]) {
    if (!(name in Socket.prototype)) continue;
    replacements.replace(Socket.prototype, name, (before) => {
      return function (this: Socket, ...args: unknown[]) {
        see(this);
        return Reflect.apply(before, this, args);
      } as typeof before;
    });
  }
}

interface Redirecting {
  readonly replacements: Replacements;
  readonly routes: DatagramRoutes;
  readonly outside: Outside;
}

/** Replaces what the handle of a socket does. A socket is never connected to what stands for its target; it only seems to be. */
function redirect(socket: Socket, handle: UdpHandle, { replacements: { replace }, routes, outside }: Redirecting) {
  const routeOf = createFlows(routes);
  const isV6 = (socket as Socket & { readonly type: SocketType }).type === 'udp6';
  const incoming = createIncoming(handle, replace);
  let connected: Peer | undefined;

  replace(handle, 'connect', (before) => (address, port) => {
    const { kind } = routeOf({ address, port });
    if (kind === 'own' || kind === 'pass') return before.call(handle, address, port);
    connected = { address, port };
    incoming.only(connected);
    return 0;
  });
  replace(handle, 'disconnect', (before) => () => {
    if (!connected) return before.call(handle);
    connected = undefined;
    incoming.only(undefined);
    return 0;
  });
  replace(handle, 'getpeername', (before) => (out) => {
    if (!connected) return before.call(handle, out);
    Object.assign(out, remoteOf(connected));
    return 0;
  });
  replace(handle, 'send', (before) => (...args: unknown[]) => {
    const [request, list, count, ...rest] = args as [SendRequest, Uint8Array[], number, ...unknown[]];
    const target = rest.length > 1 ? { port: rest[0] as number, address: rest[1] as string } : connected;
    const route = target ? routeOf(target) : OWN;
    if (!target || route.kind === 'own' || route.kind === 'pass') return Reflect.apply(before, handle, args);
    if (route.kind === 'to') {
      const address = isV6 ? inV6(route.peer.address) : route.peer.address;
      incoming.expect({ ...route.peer, address }, target);
      const to = [route.peer.port, address, rest.at(-1)];
      return Reflect.apply(before, handle, [request, list, count, ...to]);
    }
    if (route.kind === 'dns') {
      const query = Buffer.concat(list);
      void routes.answer(query, target).then((response) => {
        const isOpen = udpHandleOf(socket) === handle;
        if (response && isOpen) outsidePromises(() => incoming.receive(Buffer.from(response), target));
      });
      return query.length + 1;
    }
    if (route.isOutside) outside.note(printPeer(target));
    const { callback } = request;
    if (callback) outsidePromises(() => callback(refusal(target, route.why)));
    return 0;
  });
}

/** As the kernel does behind a cluster IP, a socket's datagrams to one target keep their endpoint. */
function createFlows({ of, version }: DatagramRoutes): (target: Peer) => Route {
  const flows = new Map<string, { readonly version: number; readonly route: Route }>();
  return (target) => {
    const key = printPeer(target);
    const now = version();
    const kept = flows.get(key);
    if (kept?.version === now) return kept.route;
    const route = of(target.address, target.port);
    flows.delete(key);
    if (route.kind === 'to') flows.set(key, { version: now, route });
    if (flows.size > MAX_FLOWS) flows.delete(flows.keys().next().value!);
    return route;
  };
}

/** The datagrams that a socket receives: those from what stands for a target seem to come from the target. */
function createIncoming(handle: UdpHandle, replace: Replacements['replace']) {
  const targets = new Map<string, Peer>();
  let receive: UdpHandle['onmessage'] | undefined;
  let connected: Peer | undefined;
  /** Node.js sets what a handle receives with when it binds the socket. */
  const watch = () => {
    if (receive) return;
    replace(handle, 'onmessage', (before) => {
      receive = before;
      return (octets, self, message, remote) => {
        const target = remote && targets.get(printPeer(remote));
        if (connected && target !== connected && remote) return;
        before.call(handle, octets, self, message, target ? { ...remote, ...remoteOf(target) } : remote);
      };
    });
  };
  return {
    only(target: Peer | undefined) {
      connected = target;
      watch();
    },
    /** `peer` stands for a target from now on. */
    expect(peer: Peer, target: Peer) {
      watch();
      targets.set(printPeer(peer), target);
    },
    receive(message: Buffer, from: Peer) {
      watch();
      receive!.call(handle, message.length, handle, message, remoteOf(from));
    },
  };
}

function remoteOf({ address, port }: Peer): Remote {
  return { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' };
}

function inV6(address: string): string {
  return address.includes(':') ? address : `::ffff:${address}`;
}

function refusal({ address, port }: Peer, why: string): Error {
  const message = `send ECONNREFUSED ${printPeer({ address, port })}: ${why}`;
  return Object.assign(new Error(message), {
    errno: ECONNREFUSED,
    code: 'ECONNREFUSED',
    syscall: 'send',
    address,
    port,
  });
}
