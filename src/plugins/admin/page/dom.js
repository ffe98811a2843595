/** Makes and updates elements. Everything that comes from the server becomes text here, never markup, and each character of it can be seen. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | undefined>} Attributes */

/** The element of the page with an id. */
export function byId(/** @type {string} */ id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * The element of the page with an id, of a known kind.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function get(id, kind) {
  const element = byId(id);
  if (!(element instanceof kind)) throw new Error(`#${id} is not a ${kind.name}`);
  return element;
}

/**
 * A new element. An attribute that is false or undefined is left out; so is such a child.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} attributes
 * @param {...(Child | readonly Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  element.append(
    ...children
      .flat()
      .filter(isShown)
      .map((child) => (child instanceof Node ? child : visible(String(child)))),
  );
  return element;
}

/** Characters that are not seen, or that change how others are shown: controls, zero-width characters, and those that set the direction. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029\u3164\uffa0]/gu;

/** Text in which each character can be seen, wherever it comes from. */
function visible(/** @type {string} */ text) {
  return text.replaceAll(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** @param {Child} child @returns {child is Node | string | number} */
function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== '';
}

function setAttributes(/** @type {Element} */ element, /** @type {Attributes} */ attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : visible(String(value)));
  }
}

/** What the server or a client said, in a line: its direction does not reach what is around it. */
export function said(/** @type {string} */ text) {
  return h('bdi', {}, text);
}

/** A name, an address or a record: where it is too long for its line, it breaks after a dot or a slash. */
export function code(/** @type {string} */ text) {
  const parts = text.split(/(?<=[./])(?=.)/s);
  return h(
    'bdi',
    { class: 'code' },
    parts.flatMap((part, i) => (i === 0 ? [part] : [h('wbr', {}), part])),
  );
}

const SVG = 'http://www.w3.org/2000/svg';

/** Shapes that can be told apart without colours. */
const SHAPES = {
  ok: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.1-4.3 4.8-2.9-2.7 1-1.1 1.8 1.7 3.3-3.7Z',
  waiting: 'M3 1h10v3L9.6 8 13 12v3H3v-3l3.4-4L3 4Z',
  degraded: 'M8 1 15.5 14.5H.5ZM7.2 6v4.2h1.6V6Zm0 5.3v1.6h1.6v-1.6Z',
  failing:
    'M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Zm.3 3.3-1.1 1.1L6.9 8l-2.6 2.6 1.1 1.1L8 9.1l2.6 2.6 1.1-1.1L9.1 8l2.6-2.6-1.1-1.1L8 6.9Z',
  away: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 2a5 5 0 0 1 3 1L4 11a5 5 0 0 1 4-8Zm4 2a5 5 0 0 1-7 7Z',
};

/** @typedef {keyof typeof SHAPES} Mark */

/** The words for states: colour and shape are never the only sign. */
export const STATES = { ok: 'ok', waiting: 'waiting', degraded: 'degraded', failing: 'failing', away: 'no connection' };

export function icon(/** @type {Mark} */ mark) {
  const svg = document.createElementNS(SVG, 'svg');
  setAttributes(svg, { viewBox: '0 0 16 16', class: `icon ${mark}`, 'aria-hidden': 'true' });
  const path = document.createElementNS(SVG, 'path');
  setAttributes(path, { d: SHAPES[mark], 'fill-rule': 'evenodd' });
  svg.append(path);
  return svg;
}

/** A state as shape and word. */
export function stateMark(/** @type {Mark} */ mark) {
  return h('span', { class: `state ${mark}` }, icon(mark), STATES[mark]);
}

/**
 * Makes the children of an element like new ones, and keeps what is equal: focus, selection, scrolling and what is open stay as they are.
 *
 * @param {Element} parent
 * @param {...(Child | readonly Child[])} children
 */
export function update(parent, ...children) {
  const wanted = h('div', {}, ...children);
  updateChildren(parent, wanted);
}

function updateChildren(/** @type {Node} */ old, /** @type {Node} */ wanted) {
  const next = [...wanted.childNodes];
  for (const [i, node] of next.entries()) {
    const now = old.childNodes[i];
    if (!now) old.appendChild(node);
    else if (isSameKind(now, node)) updateNode(now, node);
    else old.replaceChild(node, now);
  }
  while (old.childNodes.length > next.length) old.lastChild?.remove();
}

function isSameKind(/** @type {Node} */ a, /** @type {Node} */ b) {
  if (a.nodeName !== b.nodeName) return false;
  return (
    !(a instanceof Element) || !(b instanceof Element) || a.getAttribute('data-key') === b.getAttribute('data-key')
  );
}

function updateNode(/** @type {Node} */ old, /** @type {Node} */ wanted) {
  if (!(old instanceof Element) || !(wanted instanceof Element)) {
    if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    // The reader opens and closes it.
    if (!wanted.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  updateChildren(old, wanted);
}

/**
 * A table with a heading for each column. On a narrow screen a row becomes a list, and each cell shows its heading. The roles are named because
 * browsers may leave them out for a table that is laid out as something else.
 *
 * @param {string} caption
 * @param {readonly string[]} headings one that begins with `#` is a column of numbers
 * @param {readonly (readonly (Child | readonly Child[])[])[]} rows
 */
export function table(caption, headings, rows) {
  return h(
    'table',
    { role: 'table', class: 'folding' },
    h('caption', {}, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, headings.map(heading))),
    h(
      'tbody',
      { role: 'rowgroup' },
      rows.map((cells) =>
        h(
          'tr',
          { role: 'row' },
          cells.map((content, i) => cell(content, headings[i] ?? '', i === 0)),
        ),
      ),
    ),
  );
}

/** The heading of a column. */
export function heading(/** @type {string} */ title) {
  return h('th', { role: 'columnheader', scope: 'col', class: alignmentOf(title) }, titleOf(title));
}

/** @param {Child | readonly Child[]} content @param {string} title @param {boolean} isFirst */
function cell(content, title, isFirst) {
  if (isFirst) return h('th', { role: 'rowheader', scope: 'row', class: alignmentOf(title) }, content);
  return h('td', { role: 'cell', class: alignmentOf(title), 'data-title': titleOf(title) }, content);
}

const titleOf = (/** @type {string} */ heading) => heading.replace('#', '');
const alignmentOf = (/** @type {string} */ heading) => heading.startsWith('#') && 'number';
