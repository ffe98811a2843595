import { randomInt } from 'node:crypto';
import type { Clock } from '../../observe/clock.ts';
import { createFrames, frame } from '../stream/frames.ts';
import { type Peer, printPeer } from '../transport.ts';
import { tcpDialer } from './dialer.ts';
import { systemError, timeoutError, UpstreamError } from './error.ts';
import { answers, idOf, withId } from './match.ts';

interface StreamOptions {
  readonly clock: Clock;
  /** How long to wait for the connection, and then for each message, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the exchange; its reason becomes the rejection. */
  readonly signal?: AbortSignal;
  /** Takes the messages one by one; true for the last one. What it throws ends the exchange. */
  take(message: Uint8Array): boolean;
}

/**
 * Sends a query whose response may have many messages (RFC 5936 §2.2), over a separate TCP connection.
 *
 * @throws UpstreamError (as a rejection), and what `take` throws
 */
export function exchangeStream(query: Uint8Array, to: Peer, options: StreamOptions): Promise<void> {
  const { clock, timeoutMs, signal, take } = options;
  const sent = withId(query, randomInt(0x10000));
  const path = `tcp ${printPeer(to)}`;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = tcpDialer(to, undefined).open();
    const frames = createFrames();
    let isConnected = false;
    let isFirst = true;
    const wait = () => clock.after(timeoutMs, () => fail(timeoutError(path)));
    let timer = wait();
    const finish = () => {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
      socket.removeAllListeners().on('error', () => {});
      socket.destroy();
    };
    const fail = (error: unknown) => {
      finish();
      reject(error);
    };
    const abort = () => fail(signal?.reason);
    signal?.addEventListener('abort', abort);
    socket.on('connect', () => {
      isConnected = true;
      socket.write(frame(sent));
    });
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk);
      timer.cancel();
      timer = wait();
      try {
        for (let message = frames.next(); message; message = frames.next()) {
          // Only the first message must have the question (RFC 5936 §2.2.1).
          if (isFirst ? !answers(message, sent) : idOf(message) !== idOf(sent)) {
            throw new UpstreamError('malformed', `${path}: a message does not belong to the query`);
          }
          isFirst = false;
          if (take(message)) {
            finish();
            resolve();
            return;
          }
        }
      } catch (thrown) {
        fail(thrown);
      }
    });
    socket.on('error', (thrown) => fail(systemError(path, isConnected ? 'read' : 'connect', thrown)));
    socket.on('close', () => fail(new UpstreamError('closed', `${path}: the connection was closed before the end`)));
  });
}
