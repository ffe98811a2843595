/** The view of who asks most, and for what. The server counts while the view is open. */

import { follow } from './api.js';
import { byId, code, h, said, update } from './dom.js';
import { count, counted, duration, percent } from './format.js';
import { link } from './route.js';
import { meter } from './status.js';

/** @import { TopList, TopLists } from '../../../admin/protocol/index.ts' */

/** @type {AbortController | undefined} */
let counting;

byId('top-again').addEventListener('click', begin);

export const topView = {
  run: begin,
  stop() {
    counting?.abort();
  },
};

function begin() {
  counting?.abort();
  counting = new AbortController();
  const say = (/** @type {string} */ text) => update(byId('top-state'), text);
  say('Asking …');
  void follow('v1/top', {}, counting.signal, {
    opened: () => say('Counting. An interrupted count begins again.'),
    lost: say,
    line: (/** @type {TopLists} */ lists) => update(byId('top-content'), content(lists)),
  });
}

function content(/** @type {TopLists} */ lists) {
  const { seconds, queries } = lists;
  const rate = seconds > 0 ? `, ${count(queries / seconds)} a second` : '';
  return h(
    'div',
    {},
    h('p', { class: 'sum' }, `${counted(queries, 'query', 'queries')} in ${duration(seconds)}${rate}`),
    h(
      'div',
      { class: 'lists' },
      list('Clients', 'Client', lists.clients, queries, (client) => link('tail', { client })),
      list('Namespaces', 'Namespace', lists.namespaces, queries, (namespace) => link('tail', { namespace })),
      list('Names', 'Name', lists.names, queries, (name) => link('explain', { name })),
      list(
        'Names that do not exist',
        'Name',
        lists.nxdomain,
        queries,
        (name) => link('explain', { name }),
        'Answered with NXDOMAIN.',
      ),
      list(
        'Wasted queries',
        'Name',
        lists.wasted,
        queries,
        (name) => link('explain', { name }),
        'NXDOMAIN, only asked because of a search list: the client then got an answer for a later name of the list. A final dot, or a lower ndots, saves them.',
      ),
      record('Responses', 'Rcode', lists.byRcode, queries, (rcode) => link('tail', { rcode })),
      record('Types', 'Type', lists.byType, queries, (type) => link('tail', { type })),
      record('Plugins that answered', 'Plugin', lists.byPlugin, queries, (plugin) =>
        plugin === '' ? undefined : link('tail', { plugin }),
      ),
    ),
  );
}

/** @typedef {(key: string) => string | undefined} Target where a key leads */

/**
 * @param {string} title
 * @param {string} what one of them
 * @param {TopList} entries
 * @param {number} all
 * @param {Target} target
 * @param {string} [hint]
 */
function list(title, what, entries, all, target, hint) {
  const headings = [what, 'Queries', 'Share'];
  const rows = entries.map(({ key, count: n, error }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, keyLink(key, target), meter(n, entries[0]?.count ?? 0)),
      h('td', { class: 'number' }, count(n), error > 0 && h('small', {}, `≤ ${count(error)} too many`)),
      h('td', { class: 'number' }, percent(n, all)),
    ),
  );
  return h(
    'section',
    { class: 'card', 'data-key': title },
    h('h3', {}, title),
    hint !== undefined && h('p', { class: 'hint' }, hint),
    rows.length === 0
      ? h('p', { class: 'empty' }, 'None yet.')
      : h(
          'table',
          { class: 'counts' },
          h('caption', { class: 'unseen' }, title),
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              headings.map((heading, i) => h('th', { scope: 'col', class: i > 0 && 'number' }, heading)),
            ),
          ),
          h('tbody', {}, rows),
        ),
  );
}

/** @param {string} title @param {string} what @param {Readonly<Record<string, number>>} counts @param {number} all @param {Target} target */
function record(title, what, counts, all, target) {
  const entries = Object.entries(counts).map(([key, count]) => ({ key, count, error: 0 }));
  return list(
    title,
    what,
    entries.toSorted((a, b) => b.count - a.count),
    all,
    target,
  );
}

function keyLink(/** @type {string} */ key, /** @type {Target} */ target) {
  const href = target(key);
  const text = key === '' ? said('the server itself') : code(key);
  return href === undefined ? text : h('a', { href }, text);
}
