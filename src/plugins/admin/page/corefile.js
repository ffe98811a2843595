/** The view of the Corefile as the server understands it. */

import { ask, problemOf } from './api.js';
import { byId, code, h, icon, said, update } from './dom.js';
import { watch } from './monitor.js';

/** @import { CorefileView } from '../../../admin/protocol/index.ts' */

let isRunning = false;
/** The hash that the status had last. @type {string | undefined} */
let knownHash;

export const corefileView = {
  run() {
    isRunning = true;
    void load();
  },
  stop() {
    isRunning = false;
  },
};

watch(({ status }) => {
  if (!status) return;
  const isAnother = knownHash !== undefined && knownHash !== status.corefile.hash;
  knownHash = status.corefile.hash;
  if (isRunning && isAnother) void load();
});

async function load() {
  try {
    const { hash, text } = /** @type {CorefileView} */ (await ask('v1/corefile'));
    update(byId('corefile-said'), '');
    update(byId('corefile-content'), h('p', { class: 'hint' }, 'Hash ', code(hash)), listing(text));
  } catch (error) {
    update(byId('corefile-said'), icon('failing'), ' ', said(problemOf(error)));
  }
}

function listing(/** @type {string} */ text) {
  const lines = text.replace(/\n$/, '').split('\n');
  // The lines stay one text, so that they can be copied; style numbers them.
  return h(
    'pre',
    { class: 'listing', tabindex: 0, 'aria-label': 'Lines', role: 'region' },
    lines.map((line) => h('span', { class: 'line' }, line, '\n')),
  );
}
