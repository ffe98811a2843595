import { parseOptions } from '../../corefile/arguments.ts';
import type { Line } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import { type BindTarget, definePlugin } from '../../plugin/plugin.ts';

interface BindOptions {
  readonly addresses: readonly BindTarget[];
  readonly except: readonly BindTarget[];
}

/** Chooses the addresses on which a server block listens. The listener finds out whether they exist. */
export default definePlugin<BindOptions>({
  name: 'bind',
  dependsOn: 'question',

  parse(uses) {
    const except: BindTarget[] = [];
    const addresses = uses.flatMap((directive) => {
      const targets = readTargets(directive);
      parseOptions(directive, { except: (line) => except.push(...readTargets(line)) });
      return targets;
    });
    return { addresses, except };
  },

  settings: (options) => ({ bind: { plugin: 'bind', ...options } }),

  create: () => ({}),
});

function readTargets({ position, args }: Line): BindTarget[] {
  if (args.length === 0) throw new CorefileError(position, 'at least one address or interface name is expected');
  return args.map(({ text, position }) => ({ text, position }));
}
