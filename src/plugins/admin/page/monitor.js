/** The state of the server, asked for again and again while somebody sees the page. */

import { ask, pause, problemOf, Refused } from './api.js';

/** @import { ServerStatus } from '../../../admin/protocol/index.ts' */

const INTERVAL_MS = 2000;

/**
 * What is known of the server.
 *
 * @typedef {object} Known
 * @property {ServerStatus} [status] the last one that came
 * @property {number} at when it came
 * @property {number | undefined} [rate] queries a second, between the last two
 * @property {string} [problem] why there is no newer one
 * @property {number} since since when there is a problem
 * @property {boolean} needsToken
 */

/** @type {Known} */
let known = { at: 0, since: 0, needsToken: false };
/** @type {((known: Known) => void)[]} */
const listeners = [];
/** @type {AbortController | undefined} */
let polling;

export const now = () => known;

/** Calls a function with each state from now on. */
export function watch(/** @type {(known: Known) => void} */ listener) {
  listeners.push(listener);
}

/** Begins to ask, at once. */
export function start() {
  if (polling) return;
  polling = new AbortController();
  void poll(polling.signal);
}

export function stop() {
  polling?.abort();
  polling = undefined;
}

async function poll(/** @type {AbortSignal} */ signal) {
  while (!signal.aborted) {
    const next = await look(signal);
    if (signal.aborted) return;
    known = next;
    for (const listener of listeners) tell(listener);
    // Asking again with the same token would get the same response.
    if (known.needsToken) return stop();
    await pause(INTERVAL_MS, signal);
  }
}

/** A fault of one part must not end the polling: what the others show would look alive. */
function tell(/** @type {(known: Known) => void} */ listener) {
  try {
    listener(known);
  } catch (error) {
    reportError(error);
  }
}

/** @param {AbortSignal} signal @returns {Promise<Known>} */
async function look(signal) {
  try {
    const status = /** @type {ServerStatus} */ (await ask('v1/status', {}, signal));
    if (!Array.isArray(status?.blocks)) throw new SyntaxError('this is no status');
    return { status, at: Date.now(), since: 0, needsToken: false, rate: rateBetween(known.status, status) };
  } catch (error) {
    const needsToken = error instanceof Refused && error.status === 401;
    return { ...known, problem: problemOf(error), since: known.since || Date.now(), needsToken };
  }
}

/** @param {ServerStatus | undefined} before @param {ServerStatus} after */
function rateBetween(before, after) {
  const seconds = after.uptimeSeconds - (before?.uptimeSeconds ?? after.uptimeSeconds);
  if (!before || seconds <= 0) return undefined;
  const queries = queriesOf(after) - queriesOf(before);
  // After a reload, listeners count anew.
  return queries < 0 ? undefined : queries / seconds;
}

function queriesOf(/** @type {ServerStatus} */ { listeners }) {
  return listeners.reduce((sum, { memo }) => sum + memo.hits + memo.misses, 0);
}
