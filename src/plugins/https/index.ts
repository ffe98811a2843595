import { exactArgs, integer, lastUse, noArgs, parseOptions } from '../../corefile/arguments.ts';
import type { Position } from '../../corefile/position.ts';
import { definePlugin } from '../../plugin/plugin.ts';

interface HttpsOptions {
  /** Undefined for the default limit. */
  readonly maxConnections: number | undefined;
  readonly position: Position;
}

/** The largest number that a Corefile can give; 0 means no limit. */
const MAX_CONNECTIONS = 2 ** 31 - 1;

/** Limits the HTTPS connections of the block's listeners. */
export default definePlugin<HttpsOptions>({
  name: 'https',
  dependsOn: 'question',

  parse(uses, { keys, warn }) {
    const directive = lastUse(uses);
    if (!keys.some(({ transport }) => transport === 'https')) {
      warn(directive.position, 'no key of the block begins with https://, so this has no effect');
    }
    noArgs(directive);
    let maxConnections: number | undefined;
    parseOptions(directive, {
      max_connections(line) {
        const [count] = exactArgs(line, 1);
        // As in CoreDNS, 0 means no limit.
        maxConnections =
          integer(count, { min: 0, max: MAX_CONNECTIONS }, 'number of connections') || Number.POSITIVE_INFINITY;
      },
    });
    return { maxConnections, position: directive.position };
  },

  settings({ maxConnections, position }) {
    if (maxConnections === undefined) return {};
    const text = `https { max_connections ${Number.isFinite(maxConnections) ? maxConnections : 0} }`;
    return { https: { plugin: 'https', limits: { maxConnections }, text, position } };
  },

  create: () => ({}),
});
