import { Socket } from 'node:net';
import { getSystemErrorMap } from 'node:util';

/** What Node.js gives a handle to connect with; it calls `oncomplete` at the end. */
export interface ConnectRequest {
  oncomplete(status: number, handle: TcpHandle, request: ConnectRequest, readable: boolean, writable: boolean): void;
}

type Connect = (this: TcpHandle, request: ConnectRequest, address: string, port: number) => number;

/** The handle below every TCP socket of Node.js, also of TLS: all connections pass through it, even if the program looked the name up itself. */
export interface TcpHandle {
  connect: Connect;
  connect6: Connect;
  bind(address: string, port: number, flags?: number): number;
  bind6(address: string, port: number, flags?: number): number;
  getpeername(out: object): number;
}

/** As the constants of Node's own binding number it. */
const SERVER = 1;

export const ECONNREFUSED = [...getSystemErrorMap()].find(([, [name]]) => name === 'ECONNREFUSED')![0];

type TcpClass = (new (type: number) => TcpHandle) & { prototype: TcpHandle };

let found: TcpClass | undefined;

/** The class of TCP handles. A socket has a handle as soon as it is told to connect; this one is destroyed before it does. */
export function tcpClass(): TcpClass {
  if (found) return found;
  const socket = new Socket();
  socket.connect({ host: '127.0.0.1', port: 1 });
  found = handleOf(socket)!.constructor as TcpClass;
  socket.destroy();
  return found;
}

/** The TCP handle of a socket, below its TLS if it has that. */
export function handleOf(socket: Socket): TcpHandle | undefined {
  const { _handle } = socket as unknown as { readonly _handle?: TcpHandle & { readonly _parent?: TcpHandle } };
  return _handle?._parent ?? _handle;
}

/** A handle that is bound to a free port of 127.0.0.1, at once. `net.Server.listen` takes it. */
export function boundHandle(): TcpHandle {
  const Tcp = tcpClass();
  const handle = new Tcp(SERVER);
  handle.bind('127.0.0.1', 0);
  return handle;
}
