/** The view that changes the running server. Nothing happens before it is confirmed. */

import { change, hasToken, problemOf, Refused } from './api.js';
import { byId, get, h, icon, said, update } from './dom.js';
import { fieldsOf } from './explain.js';
import { counted } from './format.js';
import { now, watch } from './monitor.js';

/** @import { DrainRequest, FlushRequest, FlushResult, LogLevelRequest, ReloadResult } from '../../../admin/protocol/index.ts' */

/**
 * A change, before it is confirmed.
 *
 * @typedef {object} Change
 * @property {string} path
 * @property {object} body
 * @property {string} title
 * @property {string} text what will happen
 * @property {string} button
 * @property {(result: any) => string} done what has happened
 */

const dialog = get('confirm', HTMLDialogElement);

export const changeView = {
  open() {
    update(byId('change-said'), '');
  },
  stop() {
    if (dialog.open) dialog.close();
  },
};

offer('change-flush', flush);
offer('change-drain', drain);
offer('change-log-level', logLevel);
offer('change-reload', reload);

watch(({ status }) => {
  if (!status) return;
  byId('drain-now').textContent = status.draining ? 'The server is draining.' : 'The server is not draining.';
  const button = byId('change-drain').querySelector('button');
  if (button) button.textContent = status.draining ? 'End the drain…' : 'Drain…';
  update(byId('log-level-now'), 'It is ', said(status.logLevel), ' now. At debug, a busy server logs much.');
});

get('change-flush', HTMLFormElement).addEventListener('change', () => {
  const { what } = fieldsOf(get('change-flush', HTMLFormElement));
  const name = get('change-flush', HTMLFormElement).elements.namedItem('name');
  if (name instanceof HTMLInputElement) name.disabled = what === 'all';
});

/** @returns {Change | string} */
function flush(/** @type {Record<string, string>} */ { what, name = '' }) {
  if (what !== 'all' && name === '') return 'Write the name whose replies are to go.';
  const body = /** @type {FlushRequest} */ (
    what === 'all' ? {} : what === 'subtree' ? { name, subtree: true } : { name }
  );
  const which =
    what === 'all' ? 'all replies' : `the replies for ${name}${what === 'subtree' ? ' and all names below it' : ''}`;
  return {
    path: 'v1/cache/flush',
    body,
    title: 'Flush the cache?',
    text: `All caches of the server forget ${which}. Until they are filled again, upstreams get more queries.`,
    button: 'Flush',
    done: (/** @type {FlushResult} */ { flushed }) => `${counted(flushed, 'reply is', 'replies are')} gone.`,
  };
}

/** @returns {Change} */
function drain() {
  const draining = !now().status?.draining;
  return {
    path: 'v1/drain',
    body: /** @type {DrainRequest} */ ({ draining }),
    title: draining ? 'Drain the server?' : 'End the drain?',
    text: draining
      ? '/ready will say that no new client should come, and a Service will send its queries to other pods. If this is the only one, names will fail.'
      : '/ready will say what the plugins say, and new clients come again.',
    button: draining ? 'Drain' : 'End the drain',
    done: () => (draining ? 'The server is draining.' : 'The drain has ended.'),
  };
}

/** @returns {Change} */
function logLevel(/** @type {Record<string, string>} */ { level = 'info', seconds }) {
  const time = seconds === undefined ? 'until it ends' : `for ${counted(Number(seconds) / 60, 'minute')}`;
  return {
    path: 'v1/log-level',
    body: /** @type {LogLevelRequest} */ ({ level, ...(seconds !== undefined && { seconds: Number(seconds) }) }),
    title: 'Set the log level?',
    text: `The server will log at the level ${level} ${time}.`,
    button: 'Set',
    done: () => `The log level is ${level} ${time}.`,
  };
}

/** @returns {Change} */
function reload() {
  return {
    path: 'v1/reload',
    body: {},
    title: 'Reload the Corefile?',
    text: 'The server reads its Corefile again and serves what it says. If it has a mistake, nothing changes.',
    button: 'Reload',
    done: (/** @type {ReloadResult} */ { result, error }) => {
      if (result === 'failed')
        throw new Refused(200, `The reload failed, and nothing has changed: ${error ?? 'no reason is known'}`);
      return result === 'unchanged' ? 'The Corefile has not changed.' : 'The Corefile is reloaded.';
    },
  };
}

/** @param {string} id @param {(fields: Record<string, string>) => Change | string} describe */
function offer(id, describe) {
  const form = get(id, HTMLFormElement);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const wanted = describe(fieldsOf(form));
    if (typeof wanted === 'string') return report('degraded', wanted);
    void confirmed(wanted).then((isSure) => (isSure ? make(wanted) : undefined));
  });
}

/** @returns {Promise<boolean>} */
function confirmed(/** @type {Change} */ { title, text, button }) {
  update(byId('confirm-title'), title);
  update(byId('confirm-text'), text);
  update(byId('confirm-yes'), button);
  dialog.showModal();
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = (/** @type {boolean} */ isSure) => {
      done.abort();
      dialog.close();
      resolve(isSure);
    };
    byId('confirm-yes').addEventListener('click', () => end(true), done);
    byId('confirm-no').addEventListener('click', () => end(false), done);
    dialog.addEventListener('close', () => end(false), done);
  });
}

async function make(/** @type {Change} */ wanted) {
  report('waiting', 'Asking …');
  try {
    report('ok', wanted.done(await change(wanted.path, wanted.body)));
  } catch (error) {
    report('failing', problemOf(error));
    if (error instanceof Refused && (error.status === 401 || error.status === 403)) refuse(error.message);
  }
}

/** The server lets this page change nothing: every form says so from now on. */
function refuse(/** @type {string} */ reason) {
  const advice = hasToken() ? ' To send another token, forget this one at the end of the page.' : '';
  for (const form of byId('changes').querySelectorAll('form')) {
    const fieldset = form.querySelector('fieldset');
    const place = form.querySelector('.refused');
    if (!fieldset || !(place instanceof HTMLElement)) continue;
    fieldset.disabled = true;
    place.hidden = false;
    update(place, icon('failing'), 'Not allowed: ', said(reason), advice);
  }
}

function report(/** @type {'ok' | 'waiting' | 'degraded' | 'failing'} */ mark, /** @type {string} */ text) {
  update(byId('change-said'), h('span', { class: `state ${mark}` }, icon(mark), said(text)));
}
