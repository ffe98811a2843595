import { availableParallelism } from 'node:os';
import { atMostArgs, integer, noBlock, once } from '../../corefile/arguments.ts';
import type { Position } from '../../corefile/position.ts';
import { definePlugin, MAX_THREADS } from '../../plugin/plugin.ts';

interface MultisocketOptions {
  /** Undefined for one thread on each core. */
  readonly threads: number | undefined;
  readonly position: Position;
}

/** Sets how many threads, each with its own sockets, serve UDP of the block's listeners. */
export default definePlugin<MultisocketOptions>({
  name: 'multisocket',
  dependsOn: 'question',

  parse(uses) {
    const directive = once(uses);
    noBlock(directive);
    const [count] = atMostArgs(directive, 1);
    const threads = count && integer(count, { min: 1, max: MAX_THREADS }, 'number of sockets');
    return { threads, position: directive.position };
  },

  settings({ threads, position }) {
    const count = threads ?? Math.min(availableParallelism(), MAX_THREADS);
    return { threads: { plugin: 'multisocket', count, text: `multisocket ${count}`, position } };
  },

  create: () => ({}),
});
