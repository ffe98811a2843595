import { createHash } from 'node:crypto';
import { type IncomingMessage, type OutgoingHttpHeaders, type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../observe/clock.ts';
import type { Access, Credentials } from './access/access.ts';
import { AgentOfAccess } from './agent.ts';
import { type ApiBody, bodyOf } from './body.ts';
import { endingOf } from './ending.ts';
import { ApiConnectionError, type ApiStatusError, statusError } from './errors.ts';
import { createGate, createRateLimit } from './limits.ts';
import type { RequestMetrics } from './metrics.ts';

/** Limits for requests to an API server; 0 means the default. */
export interface ApiLimits {
  /** Requests in a second on average. */
  readonly qps: number;
  /** Requests at once after a quiet time. */
  readonly burst: number;
  /** Lists under way at the same time. A watch counts until its list, if it has one, is complete. */
  readonly maxInflight: number;
}

const DEFAULT_LIMITS: ApiLimits = { qps: 50, burst: 100, maxInflight: 32 };

/** The time limit for the connection and the head of the response. */
const HEAD_TIMEOUT_MS = 20_000;
/** The maximum size of an error's text that is read. */
const MAX_ERROR_BYTES = 64 * 1024;
/** How many characters of an error's text are logged if it is not a Status. */
const MAX_EXCERPT = 200;

/** Asks an API server. */
export interface ApiClient {
  /**
   * Gets a path with its query.
   *
   * @param accept the media types that are accepted; JSON by default
   * @throws ApiStatusError, ApiConnectionError, AccessError; the chunks throw ApiConnectionError.
   */
  get(path: string, signal: AbortSignal, accept?: string): Promise<ApiBody>;
  /** Where the API server was last asked, such as `https://10.96.0.1`; undefined before. */
  origin(): string | undefined;
  /** What distinguishes the server from others: its address and its CA. @throws AccessError (as a rejection) */
  server(): Promise<string>;
  close(): void;
}

interface ClientEnv {
  readonly clock: Clock;
  readonly metrics: RequestMetrics;
  readonly userAgent: string;
}

export function createApiClient(credentials: Credentials, limits: Partial<ApiLimits>, env: ClientEnv): ApiClient {
  const { clock, metrics } = env;
  const rate = createRateLimit(
    { perSecond: limits.qps || DEFAULT_LIMITS.qps, burst: limits.burst || DEFAULT_LIMITS.burst },
    clock,
  );
  const gate = createGate(limits.maxInflight || DEFAULT_LIMITS.maxInflight);
  const agents = new AgentOfAccess();
  let origin: string | undefined;

  async function get(path: string, signal: AbortSignal, accept = 'application/json'): Promise<ApiBody> {
    const askedAtMs = clock.monotonic();
    const release = await gate.enter();
    try {
      const shown = await credentials.access();
      let response = await send({ path, accept }, shown, askedAtMs, signal);
      if (response.statusCode === 401) {
        credentials.refused();
        const renewed = await credentials.access();
        // The credentials were replaced meanwhile, so nothing is wrong.
        if (!isDeepStrictEqual(renewed, shown)) {
          response.resume();
          response = await send({ path, accept }, renewed, clock.monotonic(), signal);
        }
      }
      if (response.statusCode !== 200) throw await failureOf(response);
      return bodyOf(response, release, clock);
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** Sends the request when it is its turn. Resolves with the head of the response. */
  async function send(
    { path, accept }: { readonly path: string; readonly accept: string },
    access: Access,
    askedAtMs: number,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    await rate.turn(signal);
    const url = new URL(access.url.replace(/\/$/, '') + path);
    origin = url.origin;
    const startedAtMs = clock.monotonic();
    metrics.waited(url.host, startedAtMs - askedAtMs);
    try {
      const response = await requestHead(url, accept, access, signal);
      metrics.answered(url.host, String(response.statusCode), clock.monotonic() - startedAtMs);
      return response;
    } catch (thrown) {
      if (!signal.aborted) metrics.answered(url.host, '<error>', clock.monotonic() - startedAtMs);
      throw new ApiConnectionError(`${url.origin}: ${endingOf(thrown)}`, thrown);
    }
  }

  function requestHead(url: URL, accept: string, access: Access, signal: AbortSignal): Promise<IncomingMessage> {
    const options: RequestOptions = {
      agent: agents.get(access, url),
      signal,
      headers: { accept, 'user-agent': env.userAgent, ...access.headers } as OutgoingHttpHeaders,
    };
    return new Promise((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? requestTls : request)(url, options);
      const timer = clock.after(HEAD_TIMEOUT_MS, () => {
        sent.destroy(new Error(`no response within ${HEAD_TIMEOUT_MS / 1000} s`));
      });
      sent.on('error', reject).on('close', () => timer.cancel());
      sent.on('response', (response) => {
        timer.cancel();
        // The request gets the error that ended the connection; the response would only say "aborted".
        sent.on('error', (error) => response.destroy(error));
        response.on('error', () => {});
        resolve(response);
      });
      sent.end();
    });
  }

  async function failureOf(response: IncomingMessage): Promise<ApiStatusError> {
    const status = response.statusCode ?? 0;
    if (status === 401) credentials.refused();
    const text = await readText(response, clock);
    const seconds = Number(response.headers['retry-after']);
    const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
    return statusError(status, parseJson(text) ?? { message: excerptOf(text) }, retryAfterMs);
  }

  async function server(): Promise<string> {
    const { url, tls } = await credentials.access();
    return `${url} ${createHash('sha256')
      .update(tls.ca ?? '')
      .digest('base64')}`;
  }

  return { get, origin: () => origin, server, close: () => agents.close() };
}

async function readText(response: IncomingMessage, clock: Clock): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of bodyOf(response, () => {}, clock).chunks) {
      parts.push(chunk);
      length += chunk.length;
      if (length > MAX_ERROR_BYTES) break;
    }
  } catch {
    // The status alone is enough.
  }
  return Buffer.concat(parts).toString('utf8');
}

/** A short text of a response that is not a Status, such as an HTML page of a proxy, without tags. */
function excerptOf(text: string): string | undefined {
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (plain === '') return undefined;
  return plain.length > MAX_EXCERPT ? `${plain.slice(0, MAX_EXCERPT)}…` : plain;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
