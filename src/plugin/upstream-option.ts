import type { OptionLine } from '../corefile/ast.ts';
import { type Position, printPosition } from '../corefile/position.ts';
import type { Logger } from '../observe/log.ts';

/** Takes the option `upstream`, which CoreDNS still reads in some plugins and ignores, as Corefiles of old have it. */
export function ignoreUpstream(at: Position[]): { upstream(line: OptionLine): void } {
  return { upstream: ({ position }) => void at.push(position) };
}

/** Says of each place with the option that it does nothing. */
export function warnOfUpstream(log: Logger, at: readonly Position[]): void {
  for (const position of at) {
    log.warning(`${printPosition(position)}: 'upstream' has no effect: remove it, names are looked up here`);
  }
}
