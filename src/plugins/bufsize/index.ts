import { atMostArgs, integer, noBlock } from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { definePlugin } from '../../plugin/plugin.ts';

const DEFAULT_OCTETS = 1232;
const RANGE = { min: 512, max: 4096 };

/** Limits the size of responses over UDP, to clients and from upstreams. */
export default definePlugin<number>({
  name: 'bufsize',
  dependsOn: 'question',

  /** As with CoreDNS, the first use counts. */
  parse: (uses) => uses.map(parseSize)[0]!,

  settings: (udpSize) => ({ udpSize }),

  create: (udpSize) => ({
    wrap: (next) => (query) =>
      query.edns && query.edns.udpSize > udpSize ? next({ ...query, edns: { ...query.edns, udpSize } }) : next(query),
  }),
});

function parseSize(directive: Directive): number {
  noBlock(directive);
  const [size] = atMostArgs(directive, 1);
  return size ? integer(size, RANGE, 'size') : DEFAULT_OCTETS;
}
