/*
 * What a Corefile says: its blocks with the options of their plugins. Begin here; corefile-source.ts reads the file and hands it over. It
 * never touches the network, and makes no plugin.
 */

import type { Directive, ServerBlock } from '../../corefile/ast.ts';
import { type Claim, findConflicts } from '../../corefile/conflict.ts';
import type { EmptyReference } from '../../corefile/environment.ts';
import { attempt, CorefileError, CorefileErrors, inOrder, inPlugin } from '../../corefile/error.ts';
import { keyWarning, parseServerKey, type ServerKey, type Transport } from '../../corefile/key.ts';
import type { Corefile } from '../../corefile/parser.ts';
import type { Position } from '../../corefile/position.ts';
import { printDirective } from '../../corefile/print.ts';
import type { CorefileWarning, WarningName } from '../../corefile/warnings.ts';
import type { BlockSettings, PluginDefinition } from '../../plugin/plugin.ts';
import { chainWarnings } from './chain-warnings.ts';

/** A plugin of a block with what its directives say. */
export interface PluginConfiguration {
  readonly definition: PluginDefinition;
  readonly options: unknown;
  /** The first use of the directive. */
  readonly directive: Directive;
  readonly uses: readonly Directive[];
  /** All uses of the directive in normal form: the same text means the same. */
  readonly text: string;
}

/** A server block whose directives were read. */
export interface BlockConfiguration {
  /** The block as the Corefile has it, imports filled in. */
  readonly source: ServerBlock;
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
  const warnings = [...corefile.warnings];
  const blocks = corefile.blocks.map((block) => {
    const before = errors.length;
    const configured = configureBlock(block, plugins, dnsPort, { errors, warnings });
    // With a mistake, such as an import that failed, the chain would look other than it is meant.
    if (corefile.errors.length === 0 && errors.length === before) warnings.push(...chainWarnings(configured));
    return configured;
  });
  errors.push(...findConflicts(blocks.map(claimOf)), ...withoutCertificate(blocks), ...blocks.flatMap(missingPlugins));
  warnings.push(...blocks.flatMap(({ keys }) => keys.flatMap((key) => keyWarning(key) ?? [])));
  if (errors.length > 0) {
    const causes = errors.map((error) => causeOf(error, corefile.empty));
    const reasoned = errors.map((error, i) => withReason(error, causes[i]));
    const others = warnings.filter((warning) => !causes.some((cause) => cause?.warning === warning));
    throw new CorefileErrors(inOrder(reasoned), inOrder(others));
  }
  return { blocks, warnings: inOrder(warnings) };
}

/** The variable that left nothing on the error's line, which most likely is the cause. */
function causeOf({ position }: CorefileError, empty: readonly EmptyReference[]): EmptyReference | undefined {
  return empty.find((other) => other.position.file === position.file && other.position.line === position.line);
}

function withReason(error: CorefileError, cause: EmptyReference | undefined): CorefileError {
  return cause ? new CorefileError(error.position, `${error.detail} - ${cause.reason}`, error.kind) : error;
}

function configureBlock(
  block: ServerBlock,
  plugins: readonly PluginDefinition[],
  dnsPort: number,
  { errors, warnings }: { readonly errors: CorefileError[]; readonly warnings: CorefileWarning[] },
): BlockConfiguration {
  const keys = block.keys.flatMap(
    (token) => attempt(errors, () => servedKeys(parseServerKey(token, defaultPorts(dnsPort)))) ?? [],
  );
  const zones = [...new Set(keys.map((key) => key.zone))];
  const uses = Map.groupBy(block.directives, (directive) => directive.name);
  const configured: PluginConfiguration[] = [];
  let settings: BlockSettings = {};
  for (const definition of plugins) {
    const directives = uses.get(definition.name);
    if (!directives) continue;
    const parsed = attempt(errors, () => {
      const warn = (position: Position, message: string, name: WarningName = 'no-effect') => {
        warnings.push({ name, position, message: `plugin/${definition.name}: ${message}` });
      };
      return inPlugin(definition.name, () => ({ options: definition.parse(directives, { keys, zones, warn }) }));
    });
    if (!parsed) continue;
    const text = directives.map(printDirective).join('\n');
    configured.push({ definition, options: parsed.options, directive: directives[0]!, uses: directives, text });
    settings = { ...settings, ...definition.settings?.(parsed.options) };
  }
  return { source: block, keys, zones, plugins: configured, settings };
}

/** Errors for plugins that are of no use without others, which the block does not have. */
function missingPlugins({ plugins }: BlockConfiguration): CorefileError[] {
  return plugins.flatMap(({ definition: { name, needs = [] }, directive: { position } }) => {
    const missing = needs.find((needed) => !plugins.some(({ definition }) => definition.name === needed));
    if (missing === undefined) return [];
    return [new CorefileError(position, `plugin/${name}: the plugin '${missing}' must be in the same server block`)];
  });
}

/** Where the system chooses the port of DNS, as in tests, it chooses those of all transports. */
function defaultPorts(dnsPort: number): Partial<Record<Transport, number>> {
  return dnsPort === 0 ? { dns: 0, tls: 0, https: 0 } : { dns: dnsPort };
}

/** @throws CorefileError for a transport that is not served. */
function servedKeys(keys: ServerKey[]): ServerKey[] {
  for (const { position, transport, original } of keys) {
    const instead = INSTEAD[transport]?.(original.slice(transport.length + 3));
    if (instead) throw new CorefileError(position, `transport '${transport}://' is not supported: ${instead}`);
  }
  return keys;
}

/** For a transport that is not served, what to do; `rest` is what the key says behind it. */
const INSTEAD: Partial<Record<Transport, (rest: string) => string>> = {
  quic: (rest) => `write 'tls://${rest}' for DNS over TLS, or put a proxy in front that speaks QUIC`,
  https3: (rest) => `write 'https://${rest}' for HTTP/2, or put a proxy in front that speaks HTTP/3`,
  grpc: (rest) => `write 'tls://${rest}', and 'forward . tls://ADDRESS' in the servers that ask this one`,
};

/** Errors for keys of DNS over TLS where nobody says with which certificate. */
function withoutCertificate(blocks: readonly BlockConfiguration[]): CorefileError[] {
  const keysOf = (block: BlockConfiguration) => block.keys.filter(({ transport }) => transport === 'tls');
  const secured = new Set(blocks.flatMap((block) => (block.settings.tls ? keysOf(block).map(({ port }) => port) : [])));
  // One `tls` directive is what a block lacks, however many keys it has.
  return blocks.flatMap((block) =>
    keysOf(block)
      .filter(({ port }) => !secured.has(port))
      .slice(0, 1)
      .map(noCertificate),
  );
}

/** The error that a key asks for TLS and its listener has no certificate. */
export function noCertificate({ position, original }: ServerKey): CorefileError {
  return new CorefileError(position, `'${original}' has no certificate: add 'tls CERT KEY' to its block`);
}

function claimOf({ keys, settings }: BlockConfiguration): Claim {
  return {
    keys,
    addresses: settings.bind?.addresses.map((target) => target.text) ?? [],
    filtered: settings.view !== undefined,
  };
}
