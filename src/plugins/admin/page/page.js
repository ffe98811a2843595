/**
 * The page of the admin interface. Begin here: which view is seen, and what runs while it is. Each other module is one view, or one tool of all of them.
 * Nothing is asked for while nobody sees the page.
 */

import { hasToken, setToken } from './api.js';
import { changeView } from './change.js';
import { corefileView } from './corefile.js';
import { byId, get } from './dom.js';
import { explainView } from './explain.js';
import { showHeadline } from './headline.js';
import * as monitor from './monitor.js';
import { current } from './route.js';
import { statusView } from './status.js';
import { tailView } from './tail.js';
import { topView } from './top.js';

/**
 * A view is opened by a link, and runs while it is seen.
 *
 * @typedef {object} View
 * @property {(parameters: URLSearchParams) => void} [open] reads what the link says
 * @property {() => void} [run]
 * @property {() => void} [stop]
 */

/** @type {Record<string, View>} */
const views = {
  status: statusView,
  explain: explainView,
  top: topView,
  tail: tailView,
  corefile: corefileView,
  change: changeView,
};

let shown = '';

/** Opens the view that the address names. */
function show(/** @type {{ moveFocus: boolean }} */ { moveFocus }) {
  const { view, parameters } = current();
  const name = Object.hasOwn(views, view) ? view : 'status';
  views[shown]?.stop?.();
  for (const other of Object.keys(views)) byId(`view-${other}`).hidden = other !== name;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const title = byId(`${name}-title`);
  document.title = `${title.textContent} – Cairn at ${location.host}`;
  if (moveFocus && name !== shown) title.focus();
  shown = name;
  document.body.dataset.view = name;
  views[name]?.open?.(parameters);
  if (isLookedAt()) views[name]?.run?.();
}

const isLookedAt = () => !document.hidden && !needsToken;

function followVisibility() {
  if (document.hidden) {
    monitor.stop();
    views[shown]?.stop?.();
  } else if (!needsToken) {
    monitor.start();
    views[shown]?.run?.();
  }
}

let needsToken = false;

monitor.watch((known) => {
  if (known.needsToken) askForToken(hasToken() ? 'The server does not accept this token.' : '');
  else if (needsToken && known.problem === undefined) acceptToken();
});

function askForToken(/** @type {string} */ problem) {
  needsToken = true;
  setToken(undefined);
  views[shown]?.stop?.();
  byId('token').hidden = false;
  byId('token-problem').textContent = problem;
  document.body.classList.add('locked');
  byId('token-value').focus();
  showForget();
}

function acceptToken() {
  needsToken = false;
  byId('token').hidden = true;
  document.body.classList.remove('locked');
  showForget();
  show({ moveFocus: false });
  byId(`${shown}-title`).focus();
}

function showForget() {
  byId('forget').hidden = !hasToken();
}

byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = get('token-value', HTMLInputElement);
  setToken(field.value.trim());
  field.value = '';
  monitor.start();
});

byId('forget').addEventListener('click', () => {
  setToken(undefined);
  location.reload();
});

byId('skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});

const theme = get('theme', HTMLSelectElement);
theme.value = document.documentElement.dataset.theme ?? '';
theme.addEventListener('change', () => {
  document.documentElement.dataset.theme = theme.value;
  try {
    localStorage.setItem('cairn-theme', theme.value);
  } catch {
    // Storage may be forbidden; then the choice ends with the page.
  }
});

byId('foot').textContent = `Cairn at ${location.host}`;
showForget();
showHeadline();
window.addEventListener('hashchange', () => show({ moveFocus: true }));
document.addEventListener('visibilitychange', followVisibility);
show({ moveFocus: false });
if (!document.hidden) monitor.start();
