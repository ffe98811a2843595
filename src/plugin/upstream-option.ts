import type { OptionLine } from '../corefile/ast.ts';
import type { ParseContext } from './plugin.ts';

/** Reads the option `upstream` of old Corefiles. Some plugins of CoreDNS still accept it, and ignore it. */
export function ignoreUpstream({ warn }: ParseContext): { upstream(line: OptionLine): void } {
  return {
    upstream: ({ position }) => warn(position, "'upstream' has no effect: remove it, names are looked up here"),
  };
}
