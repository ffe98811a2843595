import { noBlock } from '../../corefile/arguments.ts';
import type { Name } from '../../dns/name.ts';
import { blockZones } from '../../plugin/arguments.ts';
import { definePlugin } from '../../plugin/plugin.ts';

/** Makes the labels that plugins of the block give to queries readable; it has no labels itself. */
export default definePlugin<readonly Name[]>({
  name: 'metadata',
  dependsOn: 'question',

  parse: (uses, block) =>
    uses.flatMap((directive) => {
      noBlock(directive);
      return blockZones(directive.args, block);
    }),

  settings: (labelled) => ({ labelled }),

  create: () => ({}),
});
