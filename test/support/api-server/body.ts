import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { ServerState } from './state.ts';
import type { Status } from './status.ts';

const GZIP_FROM = 128 * 1024;

/** Sends a JSON text, whole or as the faults have it. */
export function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  plain: Buffer,
  state: ServerState,
  spared: boolean,
): void {
  const { cutAfter, dribble, gzip } = state.switches;
  const zipped = gzip && plain.length >= GZIP_FROM && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const octets = zipped ? gzipSync(plain, { level: 1 }) : plain;
  response.writeHead(200, { 'content-type': 'application/json', ...(zipped && { 'content-encoding': 'gzip' }) });
  if (spared) response.end(octets);
  else if (cutAfter !== undefined) response.write(octets.subarray(0, cutAfter), () => response.destroy());
  else if (dribble !== undefined) sendSlowly(response, octets, dribble, state);
  else response.end(octets);
}

function sendSlowly(
  response: ServerResponse,
  octets: Buffer,
  { octets: size, everyMs }: { readonly octets: number; readonly everyMs: number },
  { clock }: ServerState,
): void {
  let sent = 0;
  const timer = clock.every(everyMs, () => {
    response.write(octets.subarray(sent, sent + size));
    sent += size;
    if (sent >= octets.length) response.end();
  });
  response.on('close', () => timer.cancel());
}

/** What is no Status, but text of a server or proxy that has no time for one. */
export function sendText(
  response: ServerResponse,
  code: number,
  text: string,
  retryAfterSeconds: number | undefined,
): void {
  response.writeHead(code, {
    'content-type': 'text/plain; charset=utf-8',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(text);
}

export function sendStatus(response: ServerResponse, status: Status): void {
  const { retryAfterSeconds } = (status.details ?? {}) as { retryAfterSeconds?: number };
  response.writeHead(status.code, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(`${JSON.stringify(status)}\n`);
}
