/*
 * The single file: Node.js with the bundle of the command in it. Begin here: this starts the command, its threads and its processes, and loads their
 * modules from the file. addon.ts loads koffi's machine code. Nothing here is used by the package, or knows what a module does.
 */

import { createRequire, registerHooks } from 'node:module';
import { getAsset } from 'node:sea';
import { pathToFileURL } from 'node:url';

/** The modules have addresses as if the single file were a folder. No other files can have these. */
const FOLDER = pathToFileURL(`${process.execPath}/`).href;
/** A module with `import()`. That of this file loads only what is in Node.js itself. */
const IMPORT = `${FOLDER}import.cjs`;

registerHooks({
  resolve(specifier, context, next) {
    const isInside = specifier.startsWith('.') && context.parentURL?.startsWith(FOLDER);
    const url = isInside ? new URL(specifier, context.parentURL).href : specifier;
    return url.startsWith(FOLDER) ? { url, shortCircuit: true } : next(specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith(FOLDER)) return next(url, context);
    if (url === IMPORT)
      return { format: 'commonjs', source: 'module.exports = (url) => import(url)', shortCircuit: true };
    return { format: 'module', source: getAsset(url.slice(FOLDER.length), 'utf8'), shortCircuit: true };
  },
});

const load: (url: string) => Promise<unknown> = createRequire(FOLDER)(IMPORT);

/** The first argument of threads and processes is the path of their program, as Node.js would get it. */
function programOf(argument = ''): string {
  const url = pathToFileURL(argument).href;
  if (!url.startsWith(FOLDER)) return `${FOLDER}bin/cairn.js`;
  process.argv.splice(1, 1);
  return url;
}

void load(programOf(process.argv[2]));
