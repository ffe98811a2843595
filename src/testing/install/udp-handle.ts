import type { Socket } from 'node:dgram';

/** What Node.js gives a handle to send with; the program's callback is in it. */
export interface SendRequest {
  readonly callback?: (error: Error | null, octets?: number) => void;
}

/** Where a datagram came from, as Node.js tells programs. */
export interface Remote {
  readonly address: string;
  readonly family: string;
  readonly port: number;
}

type Octets = readonly Uint8Array[];

/** The handle below a socket of `node:dgram`. */
export interface UdpHandle {
  /** With a target, or without one if the socket is connected. Returns the octets that were sent and 1, or an error's number. */
  send(request: SendRequest, list: Octets, count: number, port: number, address: string, hasCallback: boolean): number;
  send(request: SendRequest, list: Octets, count: number, hasCallback: boolean): number;
  connect(address: string, port: number): number;
  disconnect(): number;
  getpeername(out: object): number;
  onmessage(octets: number, handle: UdpHandle, message: Buffer, remote: Remote): void;
}

/** The handle of a socket; undefined if that is closed. */
export function udpHandleOf(socket: Socket): UdpHandle | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')!;
  const state = (socket as unknown as Record<symbol, { readonly handle: UdpHandle | null }>)[key];
  return state?.handle ?? undefined;
}
