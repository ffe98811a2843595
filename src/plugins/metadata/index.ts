import { noBlock, zonesArgument } from '../../corefile/arguments.ts';
import type { Name } from '../../dns/name.ts';
import { definePlugin } from '../../plugin/plugin.ts';

/** Lets others read what the plugins of the block can say of a query; it says nothing itself. */
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
