import { createSecureContext, type SecureContext } from 'node:tls';
import { DialedSink, type DialTarget } from '../../net/frame-stream/dialed-sink.ts';
import { ListeningSink } from '../../net/frame-stream/listening-sink.ts';
import type { QueueLimit } from '../../net/frame-stream/queue.ts';
import type { FrameSink } from '../../net/frame-stream/sink.ts';
import type { FrameCounts } from '../../net/frame-stream/writer.ts';
import type { ServerCredentials } from '../../net/stream/tls-server.ts';
import { wellKnownAuthorities } from '../../net/upstream/authorities.ts';
import type { PluginEnv } from '../../plugin/env.ts';
import { CONTENT_TYPE } from './message.ts';
import type { TapOptions } from './options.ts';

/** Bounds of the queue of a tap, times `queue`. */
export const QUEUED_MESSAGES = 10_000;
const QUEUED_OCTETS = 16 * 1024 * 1024;
/** The bound in octets for each connection to a listener. */
const LISTENER_QUEUED_OCTETS = 4 * 1024 * 1024;
/** How many octets may be on their way to the system, times `writebuffer`. */
const WRITE_BUFFER_OCTETS = 1024 * 1024;

/** @param credentials those of a listener over TLS. */
export function makeSink(
  { isListener, endpoint, name, writeBuffer, queue, skipVerify }: TapOptions,
  counts: FrameCounts,
  { clock, log, path }: Pick<PluginEnv, 'clock' | 'log' | 'path'>,
  credentials: (() => ServerCredentials) | undefined,
): FrameSink {
  const maxOnTheWay = writeBuffer * WRITE_BUFFER_OCTETS;
  const options = { contentType: CONTENT_TYPE, clock, counts, log, name, maxOnTheWay };
  const limit = (octets: number): QueueLimit => ({ frames: queue * QUEUED_MESSAGES, octets: queue * octets });
  const isUnix = endpoint.kind === 'unix';
  if (isListener) {
    const at = isUnix ? { path: path(endpoint.path) } : { address: endpoint.host, port: endpoint.port, credentials };
    const address = name.replace(/^listen /, '');
    return new ListeningSink(at, { ...options, name: address, limit: limit(LISTENER_QUEUED_OCTETS) });
  }
  const target: DialTarget = isUnix
    ? { path: path(endpoint.path) }
    : { address: endpoint.host, port: endpoint.port, tls: endpoint.kind === 'tls' ? clientTls(skipVerify) : undefined };
  return new DialedSink(target, { ...options, limit: limit(QUEUED_OCTETS) });
}

/** The same context for all connections. */
function clientTls(insecure: boolean): { insecure: boolean; context(): SecureContext } {
  let context: SecureContext | undefined;
  return {
    insecure,
    context() {
      context ??= createSecureContext({ ca: wellKnownAuthorities() });
      return context;
    },
  };
}
