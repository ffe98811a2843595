/** The state of the server in words: what is wrong, and what to do. It is seen above every view. */

import { byId, code, h, icon, said, stateMark, update } from './dom.js';
import { counted, duration, minuteOf, timeOfDay } from './format.js';
import { watch } from './monitor.js';

/** @import { PluginState, PluginStatus, ServerStatus } from '../../../admin/protocol/index.ts' */
/** @import { Child, Mark } from './dom.js' */
/** @import { Known } from './monitor.js' */

/** @type {readonly PluginState[]} */
const BY_WEIGHT = ['ok', 'waiting', 'degraded', 'failing'];

const TITLES = {
  ok: 'All is well',
  waiting: 'Not everything is ready yet',
  degraded: 'A part does not work',
  failing: 'Queries fail',
};

/**
 * @typedef {object} Headline
 * @property {Mark} mark
 * @property {string} title does not change while nothing changes, because it is read out
 * @property {Child} text
 * @property {Node[]} problems
 */

export function showHeadline() {
  watch((known) => {
    const { mark, title, text, problems } = headlineOf(known);
    byId('headline').className = `headline ${mark}`;
    update(byId('state'), icon(mark), h('strong', {}, title));
    // The problems themselves stand in one view, so that the others have room.
    const more =
      problems.length > 0 &&
      h('a', { class: 'elsewhere', href: '#status' }, `See ${counted(problems.length, 'problem')}`);
    update(
      byId('state-details'),
      h('p', {}, text, ' ', more),
      problems.length > 0 && h('ul', { class: 'problems' }, problems),
    );
    update(byId('version'), known.status ? said(known.status.version) : '');
    document.body.dataset.state = mark;
  });
}

/** @param {Known} known @returns {Headline} */
function headlineOf(known) {
  const { status, problem, needsToken } = known;
  if (needsToken)
    return { mark: 'away', title: 'The server asks for a token', text: said(problem ?? ''), problems: [] };
  if (problem !== undefined) return awayHeadline(known, problem);
  if (!status) return { mark: 'waiting', title: 'Asking the server …', text: '', problems: [] };
  const problems = problemsOf(status);
  const { state } = status;
  return { mark: state, title: titleOf(status), text: summaryOf(status), problems };
}

/** @param {Known} known @param {string} problem @returns {Headline} */
function awayHeadline({ status, since, at }, problem) {
  const last = status ? ` Everything below is as it was at ${timeOfDay(at)} UTC.` : ' Nothing is known of it yet.';
  const text = [
    `${problem} No answer since ${timeOfDay(since)} UTC, for ${duration((Date.now() - since) / 1000)}.${last}`,
    ' Check that the process runs and, with kubectl port-forward, that it is still forwarding. The page asks again every 2 seconds.',
  ].join('');
  return { mark: 'away', title: 'No connection to the server', text: said(text), problems: [] };
}

/** Says what it is, unless plugins are as bad. */
function titleOf(/** @type {ServerStatus} */ { state, corefile, draining, blocks }) {
  const others = blocks.flatMap(({ plugins }) => plugins.filter(({ name }) => name !== 'ready'));
  const isOfPlugins = others.some((plugin) => plugin.state === state);
  if (state === 'degraded' && corefile.failed && !isOfPlugins) return 'The last reload failed';
  if (state === 'waiting' && draining && !isOfPlugins) return 'The server is draining';
  return TITLES[state];
}

function summaryOf(/** @type {ServerStatus} */ { blocks, listeners, uptimeSeconds }) {
  const parts = [counted(blocks.length, 'server block'), `on ${counted(listeners.length, 'listener')}`];
  return `${parts.join(' ')}, up for ${duration(uptimeSeconds)}.`;
}

function problemsOf(/** @type {ServerStatus} */ { corefile, draining, blocks }) {
  const plugins = blocks.flatMap(({ zones, plugins }) =>
    plugins.filter(({ state }) => state !== 'ok').map((plugin) => pluginProblem(plugin, zones)),
  );
  return [
    ...plugins.toSorted((a, b) => BY_WEIGHT.indexOf(b.state) - BY_WEIGHT.indexOf(a.state)).map(({ node }) => node),
    ...(corefile.failed ? [reloadProblem(corefile.failed, corefile.loadedAt)] : []),
    ...(draining
      ? [
          problem(
            'waiting',
            'Draining',
            'No new client should come: /ready says so. Queries are answered.',
            'End it under Change.',
          ),
        ]
      : []),
  ];
}

/** @param {NonNullable<ServerStatus['corefile']['failed']>} failed @param {string} loadedAt */
function reloadProblem({ at, error }, loadedAt) {
  const advice = `Correct the Corefile, then reload. The one of ${minuteOf(loadedAt)} is served until then.`;
  return problem('degraded', `Reload of ${minuteOf(at)}`, said(error), advice);
}

/** @param {PluginStatus} plugin @param {readonly string[]} zones */
function pluginProblem({ name, state, summary, upstreams = [], watches = [] }, zones) {
  const parts = [
    ...upstreams
      .filter(({ state }) => state !== 'ok')
      .map(({ address, problem }) => (problem ? `${address}: ${problem}` : address)),
    ...watches
      .filter((watch) => watch.state !== 'ok')
      .map(({ what, problem }) => (problem ? `${what}: ${problem}` : what)),
  ];
  const where = h('span', {}, code(name), ' in ', code(zones.join(' ')));
  const node = problem(state, where, said(summary ?? `It is ${state}.`), parts.length > 0 && said(parts.join('; ')));
  return { state, node };
}

/**
 * @param {Mark} mark
 * @param {Child} where
 * @param {Child} what
 * @param {Child} more
 */
function problem(mark, where, what, more) {
  return h(
    'li',
    {},
    stateMark(mark),
    h('span', { class: 'where' }, where),
    h('span', { class: 'what' }, what, more ? h('span', { class: 'more' }, more) : null),
  );
}
