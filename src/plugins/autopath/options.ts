import { lastUse, noBlock } from '../../corefile/arguments.ts';
import type { Directive } from '../../corefile/ast.ts';
import { CorefileError } from '../../corefile/error.ts';
import type { Name } from '../../dns/name.ts';
import { blockZones } from '../../plugin/arguments.ts';
import type { ParseContext } from '../../plugin/plugin.ts';

export interface AutopathOptions {
  readonly zones: readonly Name[];
  /** The source of search lists: a plugin that knows the clients, or a resolv.conf for all clients. */
  readonly source:
    | { readonly kind: 'plugin'; readonly name: string }
    | { readonly kind: 'file'; readonly path: string };
}

/** Reads `autopath [ZONES…] FILE|@PLUGIN`. @throws CorefileError, CorefileErrors */
export function parseAutopath(uses: readonly Directive[], block: ParseContext): AutopathOptions {
  const directive = lastUse(uses);
  noBlock(directive);
  const last = directive.args.at(-1);
  if (!last) throw new CorefileError(directive.position, 'no resolv-conf specified - write a file or @kubernetes');
  const zones = blockZones(directive.args.slice(0, -1), block);
  if (!last.text.startsWith('@')) return { zones, source: { kind: 'file', path: last.text } };
  const name = last.text.slice(1);
  if (name === '') throw new CorefileError(last.position, 'the name of a plugin is expected after @');
  return { zones, source: { kind: 'plugin', name } };
}
