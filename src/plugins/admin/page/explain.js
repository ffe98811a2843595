/** The view that explains what a client gets for a name. */

import { ask, problemOf } from './api.js';
import { byId, code, get, h, icon, said, table, update } from './dom.js';
import { duration, milliseconds } from './format.js';
import { go } from './route.js';

/** @import { CachedReply, Candidate, Explanation, Step } from '../../../admin/protocol/index.ts' */
/** @import { Mark } from './dom.js' */

const FIELDS = ['name', 'type', 'client'];

const form = get('explain-form', HTMLFormElement);
/** @type {AbortController | undefined} */
let asking;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  go('explain', fieldsOf(form));
});

export const explainView = {
  /** Explains the name of a link, if there is one. */
  open(/** @type {URLSearchParams} */ parameters) {
    if (!parameters.has('name')) return;
    for (const field of FIELDS) setField(form, field, parameters.get(field) ?? (field === 'type' ? 'A' : ''));
    void explain(fieldsOf(form));
  },
};

async function explain(/** @type {Record<string, string>} */ parameters) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  update(byId('explain-said'), 'Asking …');
  try {
    const explanation = /** @type {Explanation} */ (await ask('v1/explain', parameters, signal));
    update(byId('explain-said'), verdict(explanation));
    byId('explain-result').replaceChildren(...parts(explanation));
  } catch (error) {
    if (signal.aborted) return;
    update(byId('explain-said'), icon('failing'), ' ', said(problemOf(error)));
    byId('explain-result').replaceChildren();
  }
}

/** The fields of a form that are filled in. */
export function fieldsOf(/** @type {HTMLFormElement} */ form) {
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value).trim()]);
  return /** @type {Record<string, string>} */ (Object.fromEntries(fields.filter(([, value]) => value !== '')));
}

export function setField(/** @type {HTMLFormElement} */ form, /** @type {string} */ name, /** @type {string} */ value) {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = value;
}

/** The candidate whose response the client uses: the last one that was asked for. */
const usedOf = (/** @type {Explanation} */ { candidates }) => candidates.at(-1);

function verdict(/** @type {Explanation} */ explanation) {
  const { client, namespace } = explanation;
  const used = usedOf(explanation);
  if (!used) return 'Nothing was asked.';
  return h(
    'span',
    { class: 'verdict' },
    rcodeMark(used),
    ' for ',
    code(`${used.name} ${explanation.type}`),
    ', asked by ',
    code(client),
    namespace !== undefined && [' of the namespace ', code(namespace)],
    used.reason !== undefined && [': ', said(used.reason)],
  );
}

/** @param {{ rcode: string | null, answer: readonly string[] }} candidate @returns {Mark} */
function markOf({ rcode, answer }) {
  if (rcode === 'NOERROR') return answer.length > 0 ? 'ok' : 'degraded';
  return rcode === 'NXDOMAIN' ? 'degraded' : 'failing';
}

function rcodeMark(/** @type {Candidate} */ candidate) {
  const { rcode, answer } = candidate;
  const word = rcode === 'NOERROR' && answer.length === 0 ? 'NOERROR without records' : (rcode ?? 'no response');
  return h('strong', { class: `state ${markOf(candidate)}` }, icon(markOf(candidate)), said(word));
}

function parts(/** @type {Explanation} */ explanation) {
  const { candidates } = explanation;
  const used = usedOf(explanation);
  if (candidates.length < 2) return candidates.map(candidateBody);
  return [
    h('h3', {}, 'Names that the client asks for in turn'),
    h(
      'ol',
      { class: 'candidates' },
      candidates.map((candidate) =>
        h(
          'li',
          {},
          h(
            'details',
            { open: candidate === used, class: 'card' },
            h(
              'summary',
              {},
              code(candidate.name),
              rcodeMark(candidate),
              h('span', { class: 'hint' }, said(candidate.because)),
            ),
            candidateBody(candidate),
          ),
        ),
      ),
    ),
  ];
}

function candidateBody(/** @type {Candidate} */ candidate) {
  const { answer, reason, steps, cached, wouldAsk, truncated } = candidate;
  return h(
    'div',
    { class: 'explained' },
    h(
      'section',
      {},
      h('h4', {}, 'Response'),
      facts(candidate),
      reason !== undefined && h('p', { class: 'reason' }, said(reason)),
      records(answer, 'The answer has no records.'),
      truncated && h('p', { class: 'hint' }, 'The response is truncated (TC): the client asks again over TCP.'),
    ),
    h(
      'section',
      {},
      h('h4', {}, 'Steps', steps.length > 1 && h('span', { class: 'hint' }, ' (times include the steps below)')),
      steps.length > 0 ? stepList(steps) : h('p', { class: 'hint' }, 'No plugin saw the query.'),
    ),
    h(
      'section',
      {},
      h('h4', {}, 'In the cache'),
      cached.length > 0 ? cached.map(cachedPart) : h('p', { class: 'hint' }, 'No cache holds the name.'),
    ),
    h(
      'section',
      {},
      h('h4', {}, 'Upstreams, in order'),
      wouldAsk.length > 0
        ? h(
            'ol',
            { class: 'plain' },
            wouldAsk.map((upstream) => h('li', {}, code(upstream))),
          )
        : h('p', { class: 'hint' }, 'No upstream would be asked.'),
    ),
  );
}

function facts(/** @type {Candidate} */ candidate) {
  const { plugin, server, zone, view, durationMs } = candidate;
  const rows = /** @type {const} */ ([
    ['Result', rcodeMark(candidate)],
    ['Plugin', plugin === '' ? 'the server itself' : code(plugin)],
    [
      'Block',
      zone === undefined ? 'none serves the name' : code(`${zone}${view === undefined ? '' : `, view ${view}`}`),
    ],
    ['Listener', server === undefined ? '–' : code(server)],
    ['Took', `${milliseconds(durationMs)} ms`],
  ]);
  return h(
    'dl',
    { class: 'figures' },
    rows.map(([title, value]) => h('div', {}, h('dt', {}, title), h('dd', {}, value))),
  );
}

function records(/** @type {readonly string[]} */ lines, /** @type {string} */ none) {
  if (lines.length === 0) return h('p', { class: 'hint' }, none);
  return h(
    'ul',
    { class: 'records' },
    lines.map((line) => h('li', {}, code(line))),
  );
}

const DID = /** @type {const} */ ({
  answered: ['ok', 'answered'],
  passed: ['passed', 'passed'],
  changed: ['changed', 'changed'],
  failed: ['failing', 'failed'],
});

function stepList(/** @type {readonly Step[]} */ steps) {
  return h(
    'ol',
    { class: 'steps' },
    steps.map((step, i) => stepItem(step, steps[i - 1])),
  );
}

function stepItem(
  /** @type {Step} */ { plugin, depth, name, type, did, durationMs, note },
  /** @type {Step | undefined} */ before,
) {
  const [className, word] = DID[did] ?? ['passed', did];
  const isNewQuestion = !before || before.name !== name || before.type !== type || before.depth !== depth;
  return h(
    'li',
    { class: `${className} depth-${Math.min(depth, 4)}` },
    isNewQuestion &&
      h(
        'span',
        { class: 'question' },
        depth > 0 ? 'lookup inside the server: ' : 'question: ',
        code(`${name} ${type}`),
      ),
    h(
      'span',
      { class: 'did' },
      code(plugin),
      h('span', { class: 'word' }, word),
      h('span', { class: 'time' }, `${milliseconds(durationMs)} ms`),
    ),
    note !== undefined && h('span', { class: 'note' }, said(note)),
  );
}

function cachedPart(
  /** @type {CachedReply} */ {
    name,
    type,
    rcode,
    flags,
    answer,
    authority,
    storedSecondsAgo,
    secondsLeft,
    hits,
    zones,
  },
) {
  const left =
    secondsLeft > 0
      ? `for ${duration(secondsLeft)}`
      : `stale for ${duration(-secondsLeft)}: served only if upstreams do not answer`;
  const rows = [
    [
      code(`${name} ${type}${flags.length > 0 ? ` (${flags.join(', ')})` : ''}`),
      code(rcode),
      `${duration(storedSecondsAgo)} ago`,
      left,
      hits,
    ],
  ];
  return h(
    'div',
    {},
    table(`Cache of ${zones.join(' ')}`, ['Reply', 'Rcode', 'Kept', 'Fresh', '#Hits'], rows),
    records([...answer, ...authority], 'It has no records.'),
  );
}
