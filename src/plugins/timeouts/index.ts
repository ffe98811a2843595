import { durationMs, exactArgs, integer, lastUse, noArgs, parseOptions } from '../../corefile/arguments.ts';
import type { OptionLine } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Position } from '../../corefile/position.ts';
import { printDirective } from '../../corefile/print.ts';
import type { StreamLimits } from '../../net/stream/connections.ts';
import { definePlugin } from '../../plugin/plugin.ts';

interface TimeoutsOptions {
  readonly limits: Partial<StreamLimits>;
  readonly text: string;
  readonly position: Position;
}

const MIN_MS = 1000;
const MAX_MS = 24 * 3_600_000;
/** The largest number of queries that a Corefile can give. */
const MAX_QUERIES = 2 ** 31 - 1;

/** Sets the time limits of connections to the block's listeners, and how many queries each may have. */
export default definePlugin<TimeoutsOptions>({
  name: 'timeouts',
  dependsOn: 'question',

  parse(uses) {
    const directive = lastUse(uses);
    const { position } = directive;
    noArgs(directive);
    let limits: Partial<StreamLimits> = {};
    const set = (more: Partial<StreamLimits>) => {
      limits = { ...limits, ...more };
    };
    parseOptions(directive, {
      read: (line) => set({ readMs: readTimeoutMs(line) }),
      write: (line) => set({ writeMs: readTimeoutMs(line) }),
      idle: (line) => set({ idleMs: readTimeoutMs(line) }),
      maxtcpqueries: (line) => set({ maxQueries: readMaxQueries(line) }),
    });
    if (directive.options.length > 0)
      return { limits, text: printDirective(directive).replaceAll(/\s+/g, ' '), position };
    throw new CorefileError(
      position,
      "no timeout is given: write 'read', 'write', 'idle' or 'maxtcpqueries' in braces",
    );
  },

  settings: (options) => ({ limits: { plugin: 'timeouts', ...options } }),

  create: () => ({}),
});

/** From a second to a day; a number without a unit means seconds. */
function readTimeoutMs(line: OptionLine): number {
  const [duration] = exactArgs(line, 1);
  const withUnit = /^\d+$/.test(duration.text) ? { ...duration, text: `${duration.text}s` } : duration;
  return durationMs(withUnit, { minMs: MIN_MS, maxMs: MAX_MS });
}

/** -1 means no limit, which is 0 from here on. */
function readMaxQueries(line: OptionLine): number {
  const [count] = exactArgs(line, 1);
  return count.text === '-1' ? 0 : integer(count, { min: 1, max: MAX_QUERIES }, 'number of queries');
}
