/** The view of what is served: listeners, and the blocks with their chains. */

import { byId, code, h, icon, said, stateMark, table, update } from './dom.js';
import { count, counted, duration, milliseconds, minuteOf, octets, percent } from './format.js';
import { now, watch } from './monitor.js';

/** @import { BlockStatus, CacheFigures, ListenerStatus, PluginStatus, ServerStatus, UdpFigures, UpstreamStatus, WatchStatus } from '../../../admin/protocol/index.ts' */
/** @import { Child } from './dom.js' */

let isRunning = false;

export const statusView = {
  run() {
    isRunning = true;
    render();
  },
  stop() {
    isRunning = false;
  },
};

watch(render);

function render() {
  const { status, problem, rate } = now();
  byId('status-content').classList.toggle('old', problem !== undefined);
  if (isRunning && status)
    update(byId('status-content'), facts(status, rate), listeners(status.listeners), blocks(status.blocks));
}

/** @param {ServerStatus} status @param {number | undefined} rate */
function facts(status, rate) {
  const {
    hits,
    misses,
    octets: held,
  } = status.listeners.reduce(
    (sum, { memo }) => ({
      hits: sum.hits + memo.hits,
      misses: sum.misses + memo.misses,
      octets: sum.octets + memo.octets,
    }),
    { hits: 0, misses: 0, octets: 0 },
  );
  const inFlight = status.listeners.reduce((sum, listener) => sum + listener.inFlight, 0);
  return h(
    'dl',
    { class: 'facts' },
    fact('Up for', duration(status.uptimeSeconds), `since ${minuteOf(status.startedAt)}`),
    fact('Queries a second', rate === undefined ? '–' : count(rate), `${count(inFlight)} in flight`),
    fact('From the memo', percent(hits, hits + misses), `${octets(held)} held`),
    fact('Corefile', code(status.corefile.hash.slice(0, 12)), `loaded ${minuteOf(status.corefile.loadedAt)}`),
    fact('Log level', said(status.logLevel)),
    fact('Viewers', count(status.viewers), `process ${status.pid}`),
  );
}

/** @param {string} title @param {Child} value @param {string} [more] */
function fact(title, value, more) {
  return h(
    'div',
    {},
    h('dt', {}, title),
    h('dd', {}, h('span', { class: 'value' }, value), more ? h('small', {}, more) : null),
  );
}

function listeners(/** @type {readonly ListenerStatus[]} */ all) {
  const headings = [
    'Listener',
    'Addresses',
    'Zones',
    '#Threads',
    '#In flight',
    '#Dropped',
    '#Connections',
    '#Refused',
    '#Memo entries',
    '#Memo size',
    '#From the memo',
  ];
  const rows = all.map(
    ({ server, addresses, port, zones, threads, inFlight, connections, refusedConnections, memo, udp }) => [
      code(server),
      codes(addresses.length > 0 ? addresses.map((address) => withPort(address, port)) : [`all, port ${port}`]),
      codes(zones),
      count(threads),
      count(inFlight),
      droppedBy(udp),
      count(connections),
      count(refusedConnections),
      count(memo.entries),
      octets(memo.octets),
      percent(memo.hits, memo.hits + memo.misses),
    ],
  );
  return h(
    'section',
    { class: 'card', 'data-key': 'listeners' },
    h('h3', {}, 'Listeners'),
    table('Listeners', headings, rows),
  );
}

/** @param {UdpFigures | undefined} udp */
function droppedBy(udp) {
  if (!udp) return '–';
  const errors = udp.receiveErrors + udp.sendErrors;
  const more = [
    errors > 0 && counted(errors, 'error'),
    udp.workerDeaths > 0 && `${counted(udp.workerDeaths, 'thread')} died and was replaced`,
  ].filter(Boolean);
  return [count(udp.dropped + udp.stale), more.length > 0 && h('span', { class: 'more' }, more.join(', '))];
}

const withPort = (/** @type {string} */ address, /** @type {number} */ port) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** Several names, each of which stays in one piece if it can. */
function codes(/** @type {readonly string[]} */ names) {
  return h(
    'span',
    { class: 'several' },
    names.map((name) => code(name)),
  );
}

function blocks(/** @type {readonly BlockStatus[]} */ all) {
  return h('div', { class: 'blocks' }, all.map(block));
}

function block(/** @type {BlockStatus} */ { zones, servers, view, plugins }) {
  const telling = plugins.filter(
    ({ summary, upstreams, watches, cache, figures, state }) =>
      Boolean(summary ?? upstreams ?? watches ?? cache ?? figures) || state !== 'ok',
  );
  return h(
    'section',
    { class: 'card', 'data-key': `${servers.join(' ')} ${zones.join(' ')} ${view ?? ''}` },
    h('h3', {}, 'Block ', codes(zones), zones.includes('.') && h('span', { class: 'hint' }, ' (all names)')),
    h('p', { class: 'hint' }, 'on ', codes(servers), view !== undefined && [' for the view ', code(view)]),
    h('ol', { class: 'chain', 'aria-label': 'Chain of plugins' }, plugins.map(link)),
    h('div', { class: 'plugins' }, telling.map(pluginPart)),
    h(
      'details',
      {},
      h('summary', {}, 'Lines of the Corefile'),
      h('pre', { tabindex: 0 }, said(plugins.map(({ text }) => text).join('\n'))),
    ),
  );
}

function link(/** @type {PluginStatus} */ { name, state }) {
  const mark = state !== 'ok' && [icon(state), h('span', { class: 'unseen' }, ` ${state}`)];
  return h('li', { class: state }, code(name), mark);
}

function pluginPart(/** @type {PluginStatus} */ { name, state, summary, watches, upstreams, cache, figures }) {
  return h(
    'section',
    { class: 'plugin', 'data-key': name },
    h('h4', {}, code(name), ' ', stateMark(state)),
    summary !== undefined && h('p', { class: 'summary' }, said(summary)),
    watches && watches.length > 0 && watchTable(watches),
    upstreams && upstreams.length > 0 && upstreamTable(upstreams),
    cache && cacheTable(cache),
    figures && figureList(figures),
  );
}

/** What stands below a cell's main text, if there is something. */
function more(/** @type {readonly (string | false | undefined)[]} */ parts) {
  const text = parts.filter(Boolean).join('; ');
  return text !== '' && h('span', { class: 'more' }, said(text));
}

function watchTable(/** @type {readonly WatchStatus[]} */ watches) {
  const rows = watches.map(({ what, state, objects, ageSeconds, problem, serial, expiresInSeconds }) => [
    [said(what), more([problem, serial !== undefined && `serial ${serial}`, validity(expiresInSeconds)])],
    stateMark(state),
    count(objects),
    ageSeconds === undefined ? 'never' : `${duration(ageSeconds)} ago`,
  ]);
  return table('Watches', ['Watch', 'State', '#Objects', '#Last seen'], rows);
}

function validity(/** @type {number | undefined} */ seconds) {
  if (seconds === undefined) return undefined;
  return seconds >= 0 ? `valid for another ${duration(seconds)}` : `not valid since ${duration(-seconds)}`;
}

function upstreamTable(/** @type {readonly UpstreamStatus[]} */ upstreams) {
  const rows = upstreams.map(
    ({ address, zones, state, problem, failedProbes, inFlight, queries, failures, p50Ms, p99Ms, rcodes }) => [
      [code(address), zones !== undefined && more([`for ${zones.join(' ')}`])],
      [
        stateMark(state),
        more([problem, failedProbes > 0 && `${counted(failedProbes, 'probe')} failed in a row`, unusual(rcodes)]),
      ],
      p50Ms === undefined ? '–' : milliseconds(p50Ms),
      p99Ms === undefined ? '–' : milliseconds(p99Ms),
      count(queries),
      count(failures),
      count(inFlight),
    ],
  );
  return table('Upstreams', ['Upstream', 'State', '#p50 ms', '#p99 ms', '#Queries', '#Failures', '#In flight'], rows);
}

/** Rcodes that say that an upstream does not do its work. */
function unusual(/** @type {Readonly<Record<string, number>>} */ rcodes) {
  const all = Object.values(rcodes).reduce((sum, n) => sum + n, 0);
  return Object.entries(rcodes)
    .filter(([rcode]) => rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')
    .map(([rcode, n]) => `${rcode} in ${percent(n, all)} of the latest responses`)
    .join(', ');
}

function cacheTable(/** @type {CacheFigures} */ { success, denial }) {
  const parts = /** @type {const} */ ([
    ['with records', success],
    ['negative', denial],
  ]);
  const rows = parts.map(([title, { entries, capacity, hits }]) => [
    title,
    h('span', { class: 'fill' }, meter(entries, capacity), `${count(entries)} of ${count(capacity)}`),
    count(hits),
  ]);
  return table('Cache', ['Replies', '#Held', '#Hits'], rows);
}

/** A bar; the number beside it says the same. */
export function meter(/** @type {number} */ part, /** @type {number} */ all) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  svg.setAttribute('class', 'meter');
  svg.setAttribute('viewBox', '0 0 100 1');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  bar.setAttribute('height', '1');
  bar.setAttribute('width', String(all > 0 ? Math.min(100, (100 * part) / all) : 0));
  svg.append(bar);
  return svg;
}

function figureList(/** @type {Readonly<Record<string, number>>} */ figures) {
  return h(
    'dl',
    { class: 'figures' },
    Object.entries(figures).map(([name, value]) => h('div', {}, h('dt', {}, said(name)), h('dd', {}, count(value)))),
  );
}
