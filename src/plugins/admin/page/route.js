/** The view and its parameters stand in the address, so that they can be kept and sent: `#explain?name=web.shop`. */

/** @param {string} view @param {Record<string, string>} [parameters] */
export function link(view, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return query ? `#${view}?${query}` : `#${view}`;
}

/** Goes to a view; the same one again, too. @param {string} view @param {Record<string, string>} [parameters] */
export function go(view, parameters) {
  const target = link(view, parameters);
  if (location.hash === target) window.dispatchEvent(new HashChangeEvent('hashchange'));
  else location.hash = target;
}

/** What the address says. */
export function current() {
  const [view = '', query = ''] = location.hash.slice(1).split('?', 2);
  return { view, parameters: new URLSearchParams(query) };
}
