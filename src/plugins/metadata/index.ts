import { noBlock, zonesArgument } from '../../corefile/arguments.ts';
import type { Name } from '../../dns/name.ts';
import { definePlugin } from '../../plugin/plugin.ts';

/** Makes the labels that plugins of the block give to queries readable; it has no labels itself. */
export default definePlugin<readonly Name[]>({
  name: 'metadata',
  dependsOn: 'question',

  parse: (uses, { zones }) =>
    uses.flatMap((directive) => {
      noBlock(directive);
      return zonesArgument(directive.args, zones);
    }),

  settings: (labelled) => ({ labelled }),

  create: () => ({}),
});
