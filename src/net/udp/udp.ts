/*
 * UDP listeners. Begin here, where one of two kinds is chosen: src/net/native if the machine can do it, else portable-udp.ts. Nothing
 * here sends a query of its own.
 */

import { CairnError } from '../../base/errors.ts';
import { type BatchedListener, listenBatched, loadMachinery } from '../native/batched-udp.ts';
import type { Machinery } from '../native/serve-socket.ts';
import { noSharing } from '../stream/shared-port.ts';
import type { Receiver, UdpKind, UdpOptions } from '../transport.ts';
import { openPortableUdp, type PortableListener } from './portable-udp.ts';

/** The environment variable that chooses the kind. */
export const UDP_VARIABLE = 'CAIRN_UDP';

/**
 * Listens for DNS over UDP: batched if the machine can do it, else portable. `kind` or the environment variable {@link UDP_VARIABLE} overrides that.
 *
 * @throws CairnError (as a rejection) if the address is in use or cannot be bound, or if the kind does not exist or cannot share a port.
 */
export async function openUdp(
  { kind, ...options }: UdpOptions & { readonly kind?: UdpKind },
  receive: Receiver,
): Promise<BatchedListener | PortableListener> {
  const machinery = await udpMachinery(kind);
  if (machinery) return listenBatched(machinery, options, receive);
  if (options.reusePort) throw noSharing();
  return openPortableUdp(options, receive);
}

/**
 * What batched UDP needs; undefined for the portable kind.
 *
 * @throws CairnError (as a rejection) if the environment names an unknown kind, or this machine cannot use the kind.
 */
export async function udpMachinery(kind: UdpKind | undefined = wantedKind()): Promise<Machinery | undefined> {
  if (kind === 'portable') return undefined;
  const machinery = await loadMachinery();
  if (!machinery && kind === 'batched') {
    throw new CairnError('UDP', 'batched UDP needs Linux on x64 or arm64, and the package koffi');
  }
  return machinery;
}

function wantedKind(): UdpKind | undefined {
  const wanted = process.env[UDP_VARIABLE];
  if (wanted === undefined || wanted === '' || wanted === 'batched' || wanted === 'portable')
    return wanted || undefined;
  throw new CairnError('UDP', `${UDP_VARIABLE} must be "batched" or "portable", not "${wanted}"`);
}
