import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  Scalar,
  type YAMLMap,
} from 'yaml';
import { CorefileError, throwAll } from '../../corefile/error.ts';
import type { Locate } from '../../corefile/position.ts';
import { decodedOffsets } from './quoted.ts';

/** A key of a ConfigMap, and where its text stands in the YAML file. */
export interface ConfigMapKey {
  /** `NAMESPACE/NAME`, or the name alone. */
  readonly configMap: string;
  readonly key: string;
  /** The path of the file that pods see. */
  readonly path: string;
  readonly text: string;
  readonly locate: Locate;
  /** The offsets in the YAML file at which the text begins and ends, quotes and the header of a block included. */
  readonly range: readonly [number, number];
  /** How the text is written in YAML. */
  readonly style: Scalar.Type;
  /** How many blanks each line of a block begins with. */
  readonly indent: number;
}

/** Where CoreDNS's ConfigMap is mounted, by convention, and that for users of k3s and AKS. */
const FOLDER = '/etc/coredns';
export const CUSTOM = { name: 'coredns-custom', folder: `${FOLDER}/custom` };

/** Whether a file holds Kubernetes objects rather than a Corefile: its name says it, or its first line does. */
export function isManifest(file: string, text: string): boolean {
  if (/\.(ya?ml|json)$/i.test(file)) return true;
  const first = /^(?!\s*(?:#|$)).*$/m.exec(text)?.[0] ?? '';
  return /^(\{|---|(apiVersion|kind|items|data|metadata):)/.test(first.trim());
}

/** Whether pods read a file of this name as a whole Corefile, or as a part of one. */
export function isCorefileName(key: string): boolean {
  return /^Corefile|\.(Corefile|server|override)$/i.test(key);
}

/** All keys of the ConfigMaps in a YAML file. @throws CorefileError, CorefileErrors for text that is not YAML, and for a Corefile that is no text */
export function configMapKeys(file: string, text: string): readonly ConfigMapKey[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const placeOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  if (!Array.isArray(documents)) return [];
  // Further errors of a document mostly follow from its first one.
  throwAll(
    documents.flatMap(({ errors }) =>
      errors
        .slice(0, 1)
        .map(({ pos, message }) => new CorefileError(placeOf(pos[0]), `not valid YAML: ${wordsOf(message)}`)),
    ),
  );
  const errors: CorefileError[] = [];
  const found = documents.flatMap((document) => keysIn(document.contents, false, document));
  throwAll(errors);
  return found;

  function keysIn(node: unknown, isListed: boolean, document: Document.Parsed): ConfigMapKey[] {
    const object = target(node, document);
    if (!isMap(object)) return [];
    const kind = object.get('kind');
    const items = target(object.get('items', true), document);
    if (isSeq(items)) return items.items.flatMap((item) => keysIn(item, kind === 'ConfigMapList', document));
    return keysOf(object, isListed, document);
  }

  function keysOf(object: YAMLMap, isListed: boolean, document: Document.Parsed): ConfigMapKey[] {
    const kind = object.get('kind');
    const data = target(object.get('data', true), document);
    if (!(isListed || kind === 'ConfigMap') || !isMap(data)) return [];
    const [namespace, name] = ['namespace', 'name'].map((key) => object.getIn(['metadata', key]));
    const folder = name === CUSTOM.name ? CUSTOM.folder : FOLDER;
    const configMap = [namespace, name].filter((word) => typeof word === 'string').join('/');
    return data.items.flatMap((pair) => keyOf(pair, configMap, folder, document) ?? []);
  }

  function keyOf(
    { key, value: node }: Pair,
    configMap: string,
    folder: string,
    document: Document.Parsed,
  ): ConfigMapKey | undefined {
    if (!isScalar(key)) return undefined;
    const name = String(key.value);
    const value = target(node, document);
    if (!isScalar(value) || typeof value.value !== 'string') {
      const detail = `'${name}' is not a text: write it as a block, '${name}: |'`;
      if (isCorefileName(name)) errors.push(new CorefileError(placeOf(key.range![0]), detail));
      return undefined;
    }
    const [begin, end] = value.range!;
    const style = value.type as Scalar.Type;
    const keyIndent = isAlias(node) ? indentOfLine(text, begin) : placeOf(key.range![0]).column - 1;
    const indent = isBlock(style) ? indentOf(text, begin, end, keyIndent) : 0;
    const locate = locateIn(value, style, indent, folder);
    const common = { configMap, key: name, path: `${folder}/${name}`, text: value.value, style, indent };
    return { ...common, locate, range: [begin, end] };
  }

  function locateIn(value: Scalar, style: Scalar.Type, indent: number, folder: string): Locate {
    const [begin, end] = value.range!;
    if (style === Scalar.BLOCK_LITERAL) {
      const first = placeOf(begin).line + 1;
      return (line, column) => ({ file, line: first + line - 1, column: column + indent, folder });
    }
    const offsets = style === Scalar.QUOTE_DOUBLE ? decodedOffsets(text, begin, end) : [];
    const decoded = value.value as string;
    if (offsets.length !== decoded.length) return () => ({ ...placeOf(begin), folder });
    const starts = [0, ...[...decoded.matchAll(/\n/g)].map(({ index }) => index + 1)];
    return (line, column) => ({ ...placeOf(offsets[starts[line - 1]! + column - 1] ?? begin), folder });
  }
}

/** The library parses by recursion, and reports the end of the stack as an error of the text. */
function wordsOf(message: string): string {
  return /call stack|Stack overflow/i.test(message) ? 'it is nested too deeply' : message;
}

/** What a node stands for: that of an alias is at its anchor. */
function target(node: unknown, document: Document.Parsed): Node | undefined {
  return isAlias(node) ? node.resolve(document) : (node as Node | undefined);
}

export function isBlock(style: Scalar.Type): boolean {
  return style === Scalar.BLOCK_LITERAL || style === Scalar.BLOCK_FOLDED;
}

/** How many blanks the line at an offset begins with. */
function indentOfLine(text: string, offset: number): number {
  return /^ */.exec(text.slice(text.lastIndexOf('\n', offset) + 1))![0].length;
}

/** How many blanks the lines of a block begin with: as its header says, or as its first line has. */
function indentOf(text: string, begin: number, end: number, keyIndent: number): number {
  const header = text.indexOf('\n', begin);
  const said = /\d/.exec(text.slice(begin, header).replace(/#.*/, ''))?.[0];
  if (said !== undefined) return keyIndent + Number(said);
  return /^( *)[^ \n]/m.exec(text.slice(header + 1, end))?.[1]?.length ?? 0;
}
