import type { OptionLine } from '../corefile/ast.ts';
import type { ParseContext } from './plugin.ts';

/** Takes the option `upstream`, which CoreDNS still reads in some plugins and ignores, as Corefiles of old have it. */
export function ignoreUpstream({ warn }: ParseContext): { upstream(line: OptionLine): void } {
  return {
    upstream: ({ position }) => warn(position, "'upstream' has no effect: remove it, names are looked up here"),
  };
}
