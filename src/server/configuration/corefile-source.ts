import { createHash } from 'node:crypto';
import {
  checksWith,
  FUNCTION,
  listOf,
  mapOf,
  OBJECT,
  optional,
  PORT,
  type Rule,
  TEXT,
  textSuchAs,
} from '../../base/check.ts';
import { messageOf } from '../../base/errors.ts';
import type { Environment } from '../../corefile/environment.ts';
import { type CorefileFiles, diskFiles } from '../../corefile/files.ts';
import { type Corefile, DEFAULT_COREFILE, parseCorefile } from '../../corefile/parser.ts';
import type { Locate } from '../../corefile/position.ts';
import { printCorefile } from '../../corefile/print.ts';
import type { CorefileWarning } from '../../corefile/warnings.ts';
import { DEFINITION } from '../../packages/place.ts';
import type { PluginDefinition } from '../../plugin/plugin.ts';
import { type Configuration, configure } from './configuration.ts';
import { UNSUPPORTED } from './unsupported.ts';

/** A Corefile that was read and found right. */
interface LoadedCorefile {
  readonly configuration: Configuration;
  /** A digest of what the Corefile says, imports and environment included; comments and blanks do not count. */
  readonly hash: string;
  /** Whether the file has no server block, so that the default one takes its place. */
  readonly isDefault: boolean;
}

/** Where the Corefile comes from. Each call reads it anew. */
export interface CorefileSource {
  /** The environment variables that the Corefile may refer to; those of the process if not given. */
  readonly env?: Environment;
  /** @throws CorefileErrors, or the error of the file system. */
  load(): LoadedCorefile;
}

/** One attempt to read the Corefile: what it says, or why it could not be read. */
export interface Reading {
  /** Equal for readings with the same outcome. */
  readonly digest: string;
  readonly loaded?: LoadedCorefile;
  readonly error?: unknown;
}

/** Never throws. */
export function readFrom(source: CorefileSource): Reading {
  try {
    const loaded = source.load();
    return { digest: loaded.hash, loaded };
  } catch (error) {
    return { digest: `error: ${messageOf(error)}`, error };
  }
}

export interface CorefileSourceOptions {
  /** The path, as errors show it; relative imports start from its folder. */
  readonly file: string;
  /** The text; without it, the file is read. */
  readonly text?: string | undefined;
  /** The places of the text, if it is a part of another file. */
  readonly locate?: Locate | undefined;
  /** The folder in which no file was found. */
  readonly missingIn?: string | undefined;
  readonly plugins: readonly PluginDefinition[];
  /** The port of keys that name none. */
  readonly dnsPort: number;
  readonly env?: Environment;
  readonly files?: CorefileFiles;
}

const check = checksWith('OPTIONS');
const OPTIONS: Readonly<Record<keyof CorefileSourceOptions, Rule>> = {
  file: textSuchAs('the path of a Corefile'),
  text: textSuchAs('the text of a Corefile'),
  locate: FUNCTION,
  missingIn: textSuchAs('the path of a folder'),
  plugins: listOf(DEFINITION),
  dnsPort: PORT,
  env: mapOf(optional(TEXT)),
  files: OBJECT,
};

/** @throws CairnError for an option that is missing, does not exist, or is not valid */
export function corefileSource(options: CorefileSourceOptions): CorefileSource {
  check.options('corefileSource', options, OPTIONS);
  for (const name of ['file', 'plugins', 'dnsPort'] as const)
    check.value(`corefileSource: ${name}`, options[name], OPTIONS[name]);
  return {
    ...(options.env && { env: options.env }),
    load() {
      const { corefile, isDefault } = readCorefile(options);
      const { blocks, warnings } = configure(corefile, options.plugins, options.dnsPort);
      const configuration = { blocks, warnings: isDefault ? [defaultServed(options), ...warnings] : warnings };
      const hash = createHash('sha512').update(printCorefile(corefile.blocks)).digest('hex');
      return { configuration, hash, isDefault };
    },
  };
}

/** Worth a warning: whoami answers NOERROR to everything, so users look in vain for names that the server does not have. */
function defaultServed({ file, missingIn }: CorefileSourceOptions): CorefileWarning {
  const reason = missingIn === undefined ? 'no server block' : `no Corefile in ${missingIn}`;
  const message = `${reason}: answering every query with whoami`;
  return { name: 'no-corefile', position: { file, line: 1, column: 1 }, message };
}

/** The parsed Corefile, with the default one in place of one without server blocks. */
function readCorefile(options: CorefileSourceOptions): { corefile: Corefile; isDefault: boolean } {
  const { file, locate, plugins, env = process.env, files = diskFiles } = options;
  const known = { directives: plugins.map((plugin) => plugin.name), unsupported: UNSUPPORTED };
  const text = options.text ?? files.read(file).text;
  const corefile = parseCorefile({ file, text, locate, env, files, ...known });
  if (corefile.blocks.length > 0 || corefile.errors.length > 0) return { corefile, isDefault: false };
  return { corefile: parseCorefile({ file, text: DEFAULT_COREFILE, env, files, ...known }), isDefault: true };
}
