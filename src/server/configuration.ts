import type { Directive, ServerBlock } from '../corefile/ast.ts';
import { type Claim, findConflicts } from '../corefile/conflict.ts';
import { attempt, CorefileError, CorefileErrors, type CorefileWarning, inOrder, inPlugin } from '../corefile/error.ts';
import { parseServerKey, preferredSyntaxWarning, type ServerKey } from '../corefile/key.ts';
import type { Corefile } from '../corefile/parser.ts';
import { printDirective } from '../corefile/print.ts';
import type { BlockSettings, PluginDefinition } from '../plugin/plugin.ts';

/** A plugin of a block with what its directives say. */
export interface PluginConfiguration {
  readonly definition: PluginDefinition;
  readonly options: unknown;
  /** The first use of the directive. */
  readonly directive: Directive;
  /** All uses of the directive in normal form: the same text means the same. */
  readonly text: string;
}

/** A server block whose directives were read. */
export interface BlockConfiguration {
  readonly keys: readonly ServerKey[];
  /** The zones of the keys, each once. */
  readonly zones: readonly string[];
  /** In chain order. */
  readonly plugins: readonly PluginConfiguration[];
  readonly settings: BlockSettings;
}

/** All that a Corefile says; free of errors, and nothing of it is at work yet. */
export interface Configuration {
  readonly blocks: readonly BlockConfiguration[];
  readonly warnings: readonly CorefileWarning[];
}

/**
 * Reads the directives of a parsed Corefile. Pure: no file, clock or network beyond what the parser read.
 *
 * @throws CorefileErrors with every error that can be found in one go, those of the parser first.
 */
export function configure(corefile: Corefile, plugins: readonly PluginDefinition[], dnsPort: number): Configuration {
  const errors = [...corefile.errors];
  const blocks = corefile.blocks.map((block) => configureBlock(block, plugins, dnsPort, errors));
  errors.push(...findConflicts(blocks.map(claimOf)));
  if (errors.length > 0) throw new CorefileErrors(inOrder(errors));
  const keyWarnings = blocks.flatMap(({ keys }) => keys.flatMap((key) => preferredSyntaxWarning(key) ?? []));
  return { blocks, warnings: [...corefile.warnings, ...keyWarnings] };
}

function configureBlock(
  block: ServerBlock,
  plugins: readonly PluginDefinition[],
  dnsPort: number,
  errors: CorefileError[],
): BlockConfiguration {
  const keys = block.keys.flatMap(
    (token) => attempt(errors, () => servedKeys(parseServerKey(token, { dns: dnsPort }))) ?? [],
  );
  const zones = [...new Set(keys.map((key) => key.zone))];
  const uses = Map.groupBy(block.directives, (directive) => directive.name);
  const configured: PluginConfiguration[] = [];
  let settings: BlockSettings = {};
  for (const definition of plugins) {
    const directives = uses.get(definition.name);
    if (!directives) continue;
    const parsed = attempt(errors, () => {
      return inPlugin(definition.name, () => ({ options: definition.parse(directives, { keys, zones }) }));
    });
    if (!parsed) continue;
    const text = directives.map(printDirective).join('\n');
    configured.push({ definition, options: parsed.options, directive: directives[0]!, text });
    settings = { ...settings, ...definition.settings?.(parsed.options) };
  }
  return { keys, zones, plugins: configured, settings };
}

/** @throws CorefileError for a transport that is not served. */
function servedKeys(keys: ServerKey[]): ServerKey[] {
  const foreign = keys.find((key) => key.transport !== 'dns');
  if (foreign) {
    const { position, transport, original } = foreign;
    const remedy = `only dns:// is served by this version - write '${original.slice(transport.length + 3)}'`;
    throw new CorefileError(position, `transport '${transport}://' is not supported: ${remedy}`);
  }
  return keys;
}

function claimOf({ keys, settings }: BlockConfiguration): Claim {
  return { keys, addresses: settings.bind?.addresses.map((target) => target.text) ?? [], filtered: false };
}
