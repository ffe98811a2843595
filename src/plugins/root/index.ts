import { stat } from 'node:fs/promises';
import { messageOf } from '../../base/errors.ts';
import { exactArgs, lastUse, noBlock } from '../../corefile/arguments.ts';
import { definePlugin } from '../../plugin/plugin.ts';

/** Sets the folder at which the relative paths of a server block start. */
export default definePlugin<string>({
  name: 'root',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    noBlock(directive);
    return exactArgs(directive, 1)[0].text;
  },

  settings: (root) => ({ root }),

  create: (_, { path, log }) => ({
    async load() {
      const root = path('.');
      await stat(root).then(
        (found) => found.isDirectory() || log.warning(`Root path is not a directory: ${root}`),
        (error) => log.warning(`Root path does not exist: ${messageOf(error)}`),
      );
    },
  }),
});
