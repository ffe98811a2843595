/** Asks the server: values, changes, and lines for as long as somebody looks. */

const STORED = 'cairn-token';

/** How long a value may take. */
const LIMIT_MS = 10_000;
/** Between two tries of a stream. */
const RETRY_MS = 2000;
/** Longer lines are not from Cairn. */
const MAX_LINE = 1024 * 1024;

/** A response that is not 2xx, with what the server says about it. */
export class Refused extends Error {
  constructor(/** @type {number} */ status, /** @type {string} */ message) {
    super(message);
    this.status = status;
  }
}

let token = storedToken();

function storedToken() {
  try {
    return sessionStorage.getItem(STORED) ?? undefined;
  } catch {
    return undefined;
  }
}

export const hasToken = () => token !== undefined;

/** Sends a token from now on; undefined for none. */
export function setToken(/** @type {string | undefined} */ value) {
  token = value;
  try {
    if (value === undefined) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, value);
  } catch {
    // Storage may be forbidden; then the token is kept in memory.
  }
}

/**
 * Asks for a value.
 *
 * @param {string} path
 * @param {Record<string, string>} [parameters]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(path, parameters = {}, signal) {
  const response = await send(path, parameters, { signal: limited(signal) });
  return response.json();
}

/**
 * Asks for a change.
 *
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>}
 */
export async function change(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await send(path, {}, { method: 'POST', body: JSON.stringify(body), headers, signal: limited() });
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

/**
 * Gives each line that comes, and begins again when the stream ends or the server is away.
 *
 * @template T
 * @param {string} path
 * @param {Record<string, string>} parameters
 * @param {AbortSignal} signal
 * @param {{ line(value: T): void, opened(): void, lost(problem: string): void }} reader
 */
export async function follow(path, parameters, signal, reader) {
  while (!signal.aborted) {
    try {
      const response = await send(path, parameters, { signal });
      reader.opened();
      for await (const value of linesOf(response)) reader.line(value);
      if (!signal.aborted) reader.lost('The server ended the stream. Trying again …');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status < 500 && error.status !== 429) return reader.lost(error.message);
      reader.lost(`${problemOf(error)} Trying again …`);
    }
    await pause(RETRY_MS, signal);
  }
}

/** What went wrong, as a sentence. */
export function problemOf(/** @type {unknown} */ error) {
  if (error instanceof Refused) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'The server does not answer in time.';
  if (error instanceof SyntaxError) return 'The answer cannot be read: is this Cairn?';
  return 'The server cannot be reached.';
}

/** @param {string} path @param {Record<string, string>} parameters @param {RequestInit} init */
async function send(path, parameters, init) {
  const query = new URLSearchParams(parameters).toString();
  const headers = { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  // Relative, so that the page also works below a path of a proxy.
  const response = await fetch(query ? `${path}?${query}` : path, { ...init, headers, cache: 'no-store' });
  if (response.ok) return response;
  throw new Refused(response.status, await reasonOf(response));
}

async function reasonOf(/** @type {Response} */ response) {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text);
    if (typeof error === 'string') return error;
  } catch {
    // Not from Cairn, but from something before it.
  }
  return `The answer has HTTP status ${response.status}: is this Cairn?`;
}

function limited(/** @type {AbortSignal | undefined} */ signal = undefined) {
  const limit = AbortSignal.timeout(LIMIT_MS);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

async function* linesOf(/** @type {Response} */ response) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (waiting + part.value).split('\n');
    waiting = lines.pop() ?? '';
    if (waiting.length > MAX_LINE) throw new SyntaxError('a line has no end');
    for (const line of lines) if (line !== '') yield JSON.parse(line);
  }
}

/** Waits, but not longer than somebody looks. @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
