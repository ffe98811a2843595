/** The view of queries as they pass. */

import { follow } from './api.js';
import { byId, code, get, h, heading, said, update } from './dom.js';
import { fieldsOf, setField } from './explain.js';
import { count, counted, milliseconds, timeOfDay } from './format.js';
import { now, watch } from './monitor.js';
import { go, link } from './route.js';

/** @import { TailLine, TailNote, TailQuery } from '../../../admin/protocol/index.ts' */

/** Rows that are kept; the oldest go first. */
const MAX_ROWS = 500;
/** How often rows are added: more often, nobody can read them. */
const SHOW_MS = 250;

const HEADINGS = ['Time (UTC)', 'Client', 'Name', 'Type', 'Response', 'Plugin', '#ms'];
const FILTERS = ['client', 'namespace', 'name', 'type', 'rcode', 'plugin'];

const form = get('tail-form', HTMLFormElement);
const box = byId('tail-box');
const rows = h('tbody', { role: 'rowgroup' });
const pauseButton = byId('tail-pause');

/** @type {AbortController | undefined} */
let following;
/** @type {TailLine[]} */
let waiting = [];
/** Those that the server applies; the form may have others by now. @type {Record<string, string>} */
let filters = {};
let isPaused = false;
let isHeld = false;
/** @type {ReturnType<typeof setInterval> | undefined} */
let showing;
let seen = 0;
let leftOut = 0;

// On a narrow screen they would leave no room for the queries.
get('tail-filters', HTMLDetailsElement).open = !matchMedia('(max-width: 48rem)').matches;
// It scrolls, and the keyboard must be able to.
box.tabIndex = 0;

byId('tail-table').append(
  h(
    'table',
    { role: 'table', class: 'tail' },
    h('caption', { class: 'unseen' }, 'Queries, the newest first. The link of a row explains its name for its client.'),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, HEADINGS.map(heading))),
    rows,
  ),
);

form.addEventListener('submit', (event) => {
  event.preventDefault();
  go('tail', fieldsOf(form));
});
form.addEventListener('reset', () => go('tail'));
pauseButton.addEventListener('click', () => (isPaused ? proceed() : stopHere()));
byId('tail-clear').addEventListener('click', clear);

// A row must not move away from under the pointer, or from the keyboard's focus.
for (const [type, held] of /** @type {const} */ ([
  ['pointerenter', true],
  ['pointerleave', false],
  ['focusin', true],
  ['focusout', false],
])) {
  box.addEventListener(type, () => {
    isHeld = held;
    sayState();
  });
}

rows.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || getSelection()?.type === 'Range' || event.target.closest('a')) return;
  const href = event.target.closest('tr')?.querySelector('a')?.getAttribute('href');
  if (href) location.hash = href;
});

export const tailView = {
  /** Shows the queries that a link chooses. */
  open(/** @type {URLSearchParams} */ parameters) {
    for (const field of FILTERS) setField(form, field, parameters.get(field) ?? '');
    filters = fieldsOf(form);
    const chosen = Object.entries(filters).map(([field, value]) => `${field} ${value}`);
    update(byId('tail-filtered'), said(chosen.length > 0 ? `: ${chosen.join(', ')}` : ': none'));
    suggestPlugins();
  },
  run() {
    if (isPaused) sayState();
    else begin();
  },
  stop: end,
};

watch(suggestPlugins);

/** The names of plugins that can be filtered by. */
function suggestPlugins() {
  const names = new Set(now().status?.blocks.flatMap(({ plugins }) => plugins.map(({ name }) => name)));
  update(
    byId('plugins'),
    [...names].map((name) => h('option', { value: name })),
  );
}

let stateText = '';

function begin() {
  end();
  following = new AbortController();
  showing = setInterval(show, SHOW_MS);
  say('Asking …');
  void follow('v1/tail', filters, following.signal, {
    opened: () => say('Live.'),
    lost: say,
    line: (/** @type {TailLine} */ line) => {
      if ('sampledOut' in line && line.sampledOut + line.dropped === 0) return;
      waiting.push(line);
      if ('time' in line) seen += 1;
      else leftOut += line.sampledOut + line.dropped;
      // Older ones would not be kept anyway.
      if (waiting.length > 2 * MAX_ROWS) waiting = waiting.slice(-MAX_ROWS);
    },
  });
}

function end() {
  following?.abort();
  following = undefined;
  clearInterval(showing);
  isHeld = false;
}

function stopHere() {
  show();
  isPaused = true;
  pauseButton.textContent = 'Continue';
  end();
  sayState();
}

function proceed() {
  isPaused = false;
  pauseButton.textContent = 'Pause';
  rows.prepend(noteRow('Here it was paused.'));
  begin();
}

function clear() {
  waiting = [];
  seen = leftOut = 0;
  rows.replaceChildren();
  sayCount();
}

function say(/** @type {string} */ text) {
  stateText = text;
  sayState();
}

function sayState() {
  update(byId('tail-state'), isPaused ? 'Paused: the server sends nothing.' : stateText);
  sayCount();
}

function sayCount() {
  const left = leftOut > 0 ? `, ${counted(leftOut, 'query', 'queries')} left out` : '';
  // Not read out: it comes and goes with the pointer.
  const held = isHeld && following && '. Held while you point at a row or have the focus in the table';
  update(byId('tail-count'), `${count(seen)} seen${left}; at most ${MAX_ROWS} rows are kept`, held);
  const hasFilter = Object.keys(filters).length > 0;
  update(
    byId('tail-empty'),
    rows.childElementCount === 0 && (hasFilter ? 'No query that the filters let through yet.' : 'No query yet.'),
  );
}

/** Adds what has come since the last time. */
function show() {
  if (isHeld || waiting.length === 0) return;
  const lines = waiting.slice(-MAX_ROWS);
  waiting = [];
  rows.prepend(...lines.map(rowOf).reverse());
  while (rows.childElementCount > MAX_ROWS) rows.lastElementChild?.remove();
  sayCount();
}

function rowOf(/** @type {TailLine} */ line) {
  return 'time' in line ? queryRow(line) : leftOutRow(line);
}

function leftOutRow(/** @type {TailNote} */ { sampledOut, dropped }) {
  const reasons = [
    sampledOut > 0 && `${counted(sampledOut, 'query', 'queries')} left out: they came faster than the sample shows`,
    dropped > 0 && `${counted(dropped, 'query', 'queries')} left out: this page read too slowly`,
  ];
  return noteRow(`${reasons.filter(Boolean).join('; ')}. Filters help.`);
}

function noteRow(/** @type {string} */ text) {
  return h('tr', { role: 'row', class: 'note' }, h('td', { role: 'cell', colspan: HEADINGS.length }, text));
}

function queryRow(/** @type {TailQuery} */ query) {
  const {
    time,
    client,
    clientPort,
    namespace,
    protocol,
    server,
    type,
    rcode,
    answers,
    plugin,
    repeated,
    durationMs,
    error,
    zone,
  } = query;
  const details = `port ${clientPort} over ${protocol} to ${server}, ${query.requestOctets} octets in, ${query.responseOctets} out`;
  return h(
    'tr',
    { role: 'row', class: kindOf(query) },
    h('td', { role: 'cell', class: 'when' }, h('time', { datetime: time }, timeOfDay(time, 3))),
    h(
      'td',
      { role: 'cell', class: 'who', title: details },
      code(client),
      namespace !== undefined && h('small', {}, said(namespace)),
    ),
    h(
      'td',
      { role: 'cell', class: 'name' },
      nameLink(query),
      error !== undefined && h('span', { class: 'more' }, said(error)),
    ),
    h('td', { role: 'cell', class: 'type' }, said(type)),
    h(
      'td',
      { role: 'cell', class: 'rcode' },
      said(rcode ?? 'no response'),
      rcode === 'NOERROR' && h('small', {}, counted(answers, 'record')),
    ),
    h(
      'td',
      { role: 'cell', class: 'from', title: zone === undefined ? 'no block serves the name' : undefined },
      plugin === '' ? 'server' : code(plugin),
      repeated && h('small', {}, 'memo'),
    ),
    h('td', { role: 'cell', class: 'number took' }, milliseconds(durationMs)),
  );
}

/** Which colour the row has; the rcode says the same in words. */
function kindOf(/** @type {TailQuery} */ { rcode, answers, error }) {
  if (error !== undefined || (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')) return 'bad';
  return rcode === 'NXDOMAIN' || answers === 0 ? 'negative' : 'good';
}

function nameLink(/** @type {TailQuery} */ { name, type, client }) {
  return h('a', { href: link('explain', { name, type, client }), title: 'Explain' }, code(name));
}
