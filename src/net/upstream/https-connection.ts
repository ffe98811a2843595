import { type ClientHttp2Session, connect } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { messageOf } from '../../base/errors.ts';
import type { Clock } from '../../observe/clock.ts';
import { localOf } from '../addresses.ts';
import { type Peer, printPeer } from '../transport.ts';
import type { Dialer, DialTimeout } from './dialer.ts';
import { systemError, timeoutError, UpstreamError } from './error.ts';
import { type HttpsTarget, request, urlOf } from './https-request.ts';
import { withId } from './match.ts';
import type { ConnectionEvents, UpstreamConnection } from './pool.ts';

interface HttpsConnectionOptions extends ConnectionEvents, HttpsTarget {
  readonly clock: Clock;
  readonly dialer: Dialer;
  readonly dialTimeout: DialTimeout;
}

/** Opens an HTTP/2 connection that carries queries as requests. */
export function openHttpsConnection(to: Peer, options: HttpsConnectionOptions): UpstreamConnection {
  const { clock, dialer, dialTimeout } = options;
  const bornMs = clock.monotonic();
  const url = urlOf(options);
  const dialPath = `dial tcp ${printPeer(to)}`;
  /** The queries in flight; each can be aborted. */
  const pending = new Set<AbortController>();
  let retired = false;
  let proven = false;
  let dialling = true;

  const retire = () => {
    if (!retired) {
      retired = true;
      options.onRetired();
    }
    if (pending.size === 0) close();
  };
  const close = () => {
    endDial();
    session.destroy();
  };
  const fail = (error: UpstreamError) => {
    retire();
    for (const controller of [...pending]) controller.abort(error);
  };
  const dialTimer = clock.after(dialTimeout.ms, () => fail(timeoutError(dialPath)));
  const endDial = () => {
    if (!dialling) return;
    dialling = false;
    dialTimer.cancel();
    dialTimeout.observe(clock.monotonic() - bornMs);
  };
  const finish = (controller: AbortController) => {
    pending.delete(controller);
    if (pending.size > 0) return;
    if (retired) close();
    else options.onIdle();
  };

  const socket = dialer.open() as TLSSocket;
  // This handler runs before the session's, whose error text says less.
  socket.on('error', (thrown) => fail(systemError(dialling ? dialPath : url, dialling ? 'connect' : 'read', thrown)));
  socket.on(dialer.readyEvent, () => {
    endDial();
    if (socket.alpnProtocol === 'h2') return;
    fail(new UpstreamError('tls', `${dialPath}: tls: the server does not speak HTTP/2`));
  });
  const session: ClientHttp2Session = connect(`https://${printPeer(to)}`, { createConnection: () => socket });
  session.on('goaway', retire);
  session.on('error', (thrown) => fail(new UpstreamError('closed', `${url}: ${thrown.message}`, { cause: thrown })));
  session.on('close', () => fail(new UpstreamError('closed', `${url}: connection closed`)));

  return {
    ...{ bornMs, retire },
    get inFlight() {
      return pending.size;
    },
    get proven() {
      return proven;
    },
    async exchange(query, timeoutMs, hold) {
      const controller = new AbortController();
      pending.add(controller);
      if (hold) hold.cancel = (error) => controller.abort(error);
      if (hold?.onSent) {
        const tell = () => hold.onSent?.(0, localOf(socket));
        if (dialling) socket.once(dialer.readyEvent, tell);
        else tell();
      }
      const timer = clock.after(timeoutMs, () => controller.abort(timeoutError(url)));
      try {
        // Equal queries have equal octets, so that caches on the way may answer (RFC 8484 §4.1).
        const response = await request(session, withId(query, 0), options, controller.signal);
        proven = true;
        return response;
      } catch (thrown) {
        const error =
          thrown instanceof UpstreamError ? thrown : new UpstreamError('closed', `${url}: ${messageOf(thrown)}`);
        // After an HTTP status the server is alive, and after a query that was given up it may be. After any other error no new queries are sent over
        // the connection.
        if (error.reason !== 'http' && error.reason !== 'limit') retire();
        throw error;
      } finally {
        timer.cancel();
        if (hold) hold.cancel = undefined;
        finish(controller);
      }
    },
  };
}
