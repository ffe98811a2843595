import { statSync } from 'node:fs';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { readOctets } from '../../base/read-file.ts';
import { attempt, CorefileError } from '../../corefile/error.ts';
import { type CorefileFiles, diskFiles, MAX_COREFILE_OCTETS } from '../../corefile/files.ts';
import { inFile, type Locate } from '../../corefile/position.ts';
import { readPipe } from '../corefile-input.ts';
import { UsageError } from '../usage.ts';
import { type ConfigMapKey, CUSTOM, configMapKeys, isCorefileName, isManifest } from './config-map.ts';

/** A Corefile that the command line names, or what is wrong before it can be read as one. */
export type Source = CorefileToCheck | Refused;

export interface CorefileToCheck {
  /** As the command line names it. */
  readonly input: string;
  /** The key of a ConfigMap, if the input is a manifest. */
  readonly inManifest?: ConfigMapKey;
  /** The path as errors show it. */
  readonly file: string;
  readonly text: string;
  readonly locate: Locate;
  readonly files: CorefileFiles;
  /** Whether the text is a part of a server block. */
  readonly isPart: boolean;
  /** Whether it is in a ConfigMap for the imports of another one. */
  readonly isMounted?: boolean;
  /** Whether the files that it imports may exist elsewhere: those of users, in a ConfigMap that the command line does not name. */
  readonly lacksImports?: boolean;
  /** Whether some other Corefile of the command line has imported this one. */
  isImported?(): boolean;
}

export interface Refused {
  readonly input: string;
  readonly errors: readonly CorefileError[];
  /** Whether the input could not even be read as text. */
  readonly isUnreadable: boolean;
}

/** The Corefiles that the command line names, those in ConfigMaps before what they may import. */
export async function readSources(inputs: readonly string[]): Promise<readonly Source[]> {
  readStdinOnce(inputs);
  return sourcesOf(await Promise.all(inputs.map(readInput)));
}

/** The Corefiles in texts that have been read. */
export function sourcesOf(texts: readonly InputText[]): readonly Source[] {
  const refused: Refused[] = [];
  const plain: CorefileToCheck[] = [];
  const keys: { readonly input: string; readonly key: ConfigMapKey }[] = [];
  for (const { input, file, text, problem } of texts) {
    if (problem !== undefined) refused.push(refuse(input, file, problem, true));
    else if (isManifest(file, text)) {
      const errors: CorefileError[] = [];
      const found = attempt(errors, () => configMapKeys(file, text)) ?? [];
      if (errors.length > 0) refused.push({ input, errors, isUnreadable: false });
      else if (!found.some(({ key }) => isCorefileName(key))) refused.push(refuse(input, file, NO_COREFILE, false));
      keys.push(...found.map((key) => ({ input, key })));
    } else {
      const isPart = /\.override$/.test(file);
      plain.push({ input, file, text, locate: inFile(file), files: diskFiles, isPart });
    }
  }
  return [...refused, ...plain, ...inManifests(keys)];
}

const NO_COREFILE = "no ConfigMap in it has a Corefile, expecting a key 'Corefile', '*.server' or '*.override'";

/** Files of ConfigMaps see each other in the folders where they are mounted. */
function inManifests(keys: readonly { readonly input: string; readonly key: ConfigMapKey }[]): CorefileToCheck[] {
  const read = new Set<string>();
  const files = mounted(
    keys.map(({ key }) => key),
    read,
  );
  const found = keys.filter(({ key }) => isCorefileName(key.key));
  const lacksImports = !keys.some(({ key }) => key.path.startsWith(CUSTOM.folder));
  const isWhole = ({ key }: { readonly key: ConfigMapKey }) => /^Corefile|\.Corefile$/i.test(key.key);
  const ordered = [...found.filter(isWhole), ...found.filter((each) => !isWhole(each))];
  return ordered.map((each) => {
    const { input, key } = each;
    return {
      ...{ input, inManifest: key, text: key.text, locate: key.locate, files },
      file: key.locate(1, 1).file,
      isPart: key.key.endsWith('.override'),
      isMounted: !isWhole(each),
      lacksImports,
      isImported: () => !isWhole(each) && read.has(key.path),
    };
  });
}

function mounted(keys: readonly ConfigMapKey[], read: Set<string>): CorefileFiles {
  const byPath = new Map(keys.map((key) => [key.path, key]));
  return {
    read(path) {
      const found = byPath.get(path);
      if (!found) throw Object.assign(new Error(`${path} is not in the ConfigMaps`), { code: 'ENOENT' });
      read.add(path);
      return found;
    },
    list(folder) {
      const names = keys.flatMap(({ path, key }) => (path === `${folder}/${key}` ? [key] : []));
      return [...new Set(names)].map((name) => ({ name, isDirectory: false }));
    },
  };
}

/** What a file or standard input holds. */
export interface InputText {
  /** As the command line names it. */
  readonly input: string;
  /** As errors show it. */
  readonly file: string;
  readonly text: string;
  /** Why there is no text. */
  readonly problem?: string;
}

/** @throws UsageError */
export function readStdinOnce(inputs: readonly string[]): void {
  if (inputs.filter(isStdin).length <= 1) return;
  throw new UsageError('standard input can be read only once', 'name "-" once, and other files by their paths');
}

function isStdin(input: string): boolean {
  return input === '-' || input === 'stdin';
}

/** The text of a file or of standard input, or why there is none. */
export async function readInput(input: string): Promise<InputText> {
  const file = isStdin(input) ? 'stdin' : input;
  try {
    const isPipe = isStdin(input) || statSync(input).isFIFO();
    const octets = isPipe ? await readPipe(input) : await readOctets(input, MAX_COREFILE_OCTETS);
    return { input, file, ...textOf(octets) };
  } catch (thrown) {
    return { input, file, text: '', problem: reasonOf(thrown, file) };
  }
}

function reasonOf(thrown: unknown, file: string): string {
  if (systemCodeOf(thrown) === 'ENOENT') return 'there is no such file';
  if (systemCodeOf(thrown) === 'EISDIR') return 'it is a folder, expecting a file such as a Corefile';
  return messageOf(thrown).replace(`${file} `, 'it ');
}

function textOf(octets: Buffer): { readonly text: string; readonly problem?: string } {
  const nul = octets.indexOf(0);
  if (nul !== -1) return { text: '', problem: `it is not a text: octet ${nul + 1} is 0` };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets) };
  } catch {
    return { text: '', problem: 'it is not a text in UTF-8' };
  }
}

function refuse(input: string, file: string, problem: string, isUnreadable: boolean): Refused {
  return { input, errors: [new CorefileError({ file, line: 1, column: 1 }, problem)], isUnreadable };
}
