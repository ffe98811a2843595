import type { Clock } from '../../observe/clock.ts';
import type { Peer } from '../transport.ts';
import { type StreamQuery, StreamSession } from './stream-session.ts';

interface StreamOptions extends Omit<StreamQuery, 'query'> {
  readonly clock: Clock;
  /** Ends the exchange; its reason becomes the rejection. */
  readonly signal?: AbortSignal;
}

/**
 * Sends a query whose response may have many messages (RFC 5936 §2.2), over a separate TCP connection.
 *
 * @throws UpstreamError (as a rejection), and what `take` throws
 */
export async function exchangeStream(query: Uint8Array, to: Peer, options: StreamOptions): Promise<void> {
  const { clock, timeoutMs, signal, take } = options;
  signal?.throwIfAborted();
  const session = new StreamSession(to, clock);
  const abort = () => session.close(signal?.reason);
  signal?.addEventListener('abort', abort);
  try {
    await session.ask({ query, timeoutMs, take });
  } finally {
    signal?.removeEventListener('abort', abort);
    session.close(undefined);
  }
}
