import { resolve } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { CorefileError, CorefileErrors, inOrder, isCorefileError } from '../../corefile/error.ts';
import type { CorefileFiles } from '../../corefile/files.ts';
import type { CorefileWarning, WarningName } from '../../corefile/warnings.ts';
import type { PluginDefinition } from '../../plugin/plugin.ts';
import type { Configuration } from '../../server/configuration/configuration.ts';
import { type CorefileSourceOptions, corefileSource } from '../../server/configuration/corefile-source.ts';
import { rehearse } from '../../server/reload/rehearsal.ts';
import type { ConfigMapKey } from './config-map.ts';
import type { CorefileToCheck, Refused, Source } from './sources.ts';

/** What a check depends on besides the Corefile. */
export interface CheckSettings {
  readonly plugins: readonly PluginDefinition[];
  readonly dnsPort: number;
  /** Whether files and interfaces are those of this machine. */
  readonly files: boolean;
  /** The names of warnings that do not count. */
  readonly ignore: readonly WarningName[];
}

/** What was found in one Corefile. */
export interface Finding {
  readonly input: string;
  readonly inManifest?: ConfigMapKey | undefined;
  readonly serverBlocks: number;
  readonly errors: readonly CorefileError[];
  readonly warnings: readonly CorefileWarning[];
  readonly isUnreadable: boolean;
}

/** Checks all Corefiles, one after the other. A part of a ConfigMap that one of them has imported is checked with it. */
export async function examineAll(sources: readonly Source[], settings: CheckSettings): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const source of sources) {
    if ('errors' in source) findings.push(refusedFinding(source));
    else if (!source.isImported?.()) findings.push(await examine(source, settings));
  }
  return findings;
}

function refusedFinding({ input, errors, isUnreadable }: Refused): Finding {
  return { input, errors, isUnreadable, serverBlocks: 0, warnings: [] };
}

/** Does what a start does, up to the point where it would need the network. */
async function examine(source: CorefileToCheck, settings: CheckSettings): Promise<Finding> {
  const { input, inManifest } = source;
  const { ignore, files } = settings;
  // The files that a ConfigMap names are those of its pods.
  const onThisMachine = files && !inManifest;
  const seesImports = files && !source.lacksImports;
  const kept = (warnings: readonly CorefileWarning[]) =>
    warnings.filter(
      ({ name, position }) =>
        !ignore.includes(name) && (seesImports || name !== 'import-nothing') && position.file !== AROUND_PART,
    );
  const common = { input, inManifest, isUnreadable: false };
  try {
    const configuration = configurationOf(source, settings);
    const warnings = kept(await rehearse(configuration, onThisMachine));
    return { ...common, serverBlocks: configuration.blocks.length, errors: [], warnings };
  } catch (thrown) {
    const { errors, warnings } =
      thrown instanceof CorefileErrors ? thrown : { errors: [errorOf(thrown, source)], warnings: [] };
    const placed = errors.map((error) => (error.position.file === AROUND_PART ? errorOf(error.detail, source) : error));
    return { ...common, serverBlocks: 0, errors: inOrder(placed), warnings: kept(warnings) };
  }
}

/** What a Corefile says. @throws CorefileErrors, CorefileError */
export function configurationOf(
  source: CorefileToCheck,
  settings: Pick<CheckSettings, 'plugins' | 'dnsPort'>,
): Configuration {
  const { plugins, dnsPort } = settings;
  const { configuration, isDefault } = corefileSource({ ...partOrWhole(source), plugins, dnsPort }).load();
  if (!isDefault) return configuration;
  // Often, all lines of such a part are comments.
  if (source.isMounted) return { blocks: [], warnings: [] };
  const problem = source.text.trim() === '' ? 'it is empty' : 'it has no server block';
  throw errorOf(`${problem}, expecting ZONE { … } with a directive on each line`, source);
}

/** The name of the text around a part of a server block. */
const AROUND_PART = '';

/** A part of a server block, such as an `*.override` file, is checked in a block of its own. */
function partOrWhole(source: CorefileToCheck): Pick<CorefileSourceOptions, 'file' | 'text' | 'locate' | 'files'> {
  const { file, text, locate, isPart } = source;
  if (!isPart) return { file, text, locate, files: source.files };
  const path = resolve(file);
  const files: CorefileFiles = {
    list: source.files.list,
    read: (wanted) => (wanted === path ? { text, locate } : source.files.read(wanted)),
  };
  return { file: AROUND_PART, text: `. {\nimport "${path}"\n}\n`, files };
}

function errorOf(thrown: unknown, { locate }: CorefileToCheck): CorefileError {
  if (isCorefileError(thrown)) return thrown;
  return new CorefileError(locate(1, 1), typeof thrown === 'string' ? thrown : messageOf(thrown));
}
